"""What a search has found."""

from __future__ import annotations

from collections import Counter
from typing import Any

from trading_ml.core.params import Params
from trading_ml.models.tuning.trial import Told


class Tuned(Params):
    """The trials of a search and the best of them; its JSON is that of `project tune`."""

    project: str
    search: str
    """The search's key: digest of all that decides what it finds."""
    dataset: str
    """Digest of the dataset."""
    objective: tuple[str, ...]
    best: Told
    """Best by the first objective; of several objectives, on the front."""
    front: tuple[int, ...]
    """Numbers of the trials that none beats by all objectives, the best first."""
    trials: tuple[Told, ...]
    most: int
    """How many there are to be."""
    closed: bool
    """Whether somebody said that these are enough."""
    digest: str
    """Of what was tried and what came of it: the same wherever, and however many at once, it is searched."""

    @property
    def complete(self) -> bool:
        """Whether the model may be trained by the best trial."""
        return self.closed or len(self.trials) >= self.most

    @property
    def states(self) -> dict[str, int]:
        """How many trials ended how."""
        return dict(Counter(each.trial.state for each in self.trials))

    @property
    def sentence(self) -> str:
        """The best of it, for people."""
        scores = zip(self.objective, self.best.trial.scores, strict=True)
        return f"best of {len(self.trials)}: trial {self.best.number}, " + ", ".join(f"{o} {s:.4f}" for o, s in scores)

    def told(self) -> dict[str, Any]:
        """Ready for JSON."""
        return self.model_dump(mode="json") | {"complete": self.complete, "states": self.states}
