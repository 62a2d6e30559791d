"""What trying a set of parameters came to."""

from __future__ import annotations

from typing import Any, Literal

from trading_ml.core.params import Params


class Trial(Params):
    """A trained set of parameters, judged on the validation part."""

    state: Literal["complete", "pruned", "failed"]
    """`pruned`: it was behind others, and ended early; `failed`: its training diverged, or ended its process."""
    scores: tuple[float, ...] = ()
    """What it reached, by objective; only of one that is complete."""
    course: tuple[float, ...] = ()
    """The objective after each epoch, where a pruner watches."""
    metrics: dict[str, float] = {}
    """Everything known of it on the validation part."""
    model_key: str = ""
    """Digest of all that decides the weights."""
    weights: str = ""
    """Digest of the weights."""
    epochs: int = 0
    """How many it trained."""
    run: str = ""
    """Id of its run in MLflow."""
    seconds: float = 0.0
    """Wall-clock time."""
    reason: str = ""
    """Why it is not complete."""


class Told(Params):
    """A trial of a search: what was asked, and what came of it."""

    number: int
    """From 0, in the order in which they were asked."""
    values: dict[str, Any]
    """What was tried, by dotted path."""
    trial: Trial

    @property
    def outcome(self) -> dict[str, Any]:
        """What every repetition comes to: all but times and places."""
        return self.model_dump(mode="json", exclude={"trial": {"seconds", "run"}})
