"""The `tuning:` section of a project file: what is searched, how, and by which number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from trading_ml.core.errors import BadParams
from trading_ml.core.params import Params
from trading_ml.models.objectives import Objective

Number = Annotated[int | float, Field(allow_inf_nan=False)]


class Axis(Params):
    """A parameter that is searched."""

    when: dict[str, Any] = {}
    """Searched only where other parameters have these values (or one of a list of them); else as the file says."""


class Range(Axis):
    """Numbers between two ends, both included; whole ones where the parameter is a whole number.

    Example:
        >>> Range.parse({"low": 1e-5, "high": 1, "log": True}, "training.learning_rate").high
        1
    """

    low: Number
    high: Number
    log: bool = False
    """Whether orders of magnitude are equally likely, rather than numbers."""
    step: Number | None = Field(default=None, gt=0)
    """Distance of the numbers from each other, beginning at `low`; None: any."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        if self.log and not self.low > 0:
            raise ValueError(f"low {self.low:g} has no logarithm; begin above 0, or leave out log")
        if self.log and self.step is not None:
            raise ValueError("has either log or step, not both")
        return self

    @property
    def ends(self) -> tuple[Any, ...]:
        """What must be allowed for all of it to be."""
        return self.low, self.high


class Choice(Axis):
    """One of some values, whatever they are."""

    choices: tuple[Any, ...] = Field(min_length=1)

    @property
    def ends(self) -> tuple[Any, ...]:
        """What must be allowed for all of it to be."""
        return self.choices


def _form(raw: object) -> str:
    listed = isinstance(raw, Choice) or (isinstance(raw, Mapping) and "choices" in raw)
    return "tagged-choice" if listed else "tagged-range"


AxisParams = Annotated[
    Annotated[Range, Tag("tagged-range")] | Annotated[Choice, Tag("tagged-choice")],
    Discriminator(_form),
    BeforeValidator(lambda raw: {"choices": raw} if isinstance(raw, list | tuple) else raw),
]


class TuningParams(Params):
    """A search for parameters: the best trial on the validation part is what the project's model is trained with.

    Example:
        >>> over = {"training.learning_rate": {"low": 1e-5, "high": 1, "log": True}, "model.use_bias": [True, False]}
        >>> TuningParams.parse({"objective": "precision_at_recall(0.25)", "over": over}, "tuning").trials
        10
    """

    objective: tuple[str, ...] = Field(default=("roc_auc",), min_length=1)
    """`metric`, `metric(level)`, or one after `label:`; several are told as a front, of which the first decides."""
    over: dict[str, AxisParams] = Field(min_length=1)
    """What is searched: `model.…` and `training.…` parameters, each a range (low, high, log, step) or a list."""
    sampler: Literal["tpe", "random", "grid"] = "tpe"
    """`tpe` learns from the trials before (Bayesian); `random`; `grid`: all combinations, in a random order."""
    trials: int = Field(default=10, ge=1)
    """How many there are at most; more of them later go on with the same search."""
    parallel: int = Field(default=2, ge=1)
    """How many run at once, in processes of their own; makes no difference to what is found."""
    batch: int = Field(default=2, ge=1)
    """How many are asked for before results count; what `parallel` is useful up to."""
    startup: int = Field(default=3, ge=1)
    """Trials at random before `tpe` learns from them, or a pruner compares with them."""
    pruner: Literal["none", "median", "halving"] = "none"
    """Which trials end early: those below the `median` of earlier ones, or out of their best third (`halving`)."""
    warm_up: int = Field(default=1, ge=0)
    """Epochs that every trial may train before it is compared."""
    seed: int = Field(default=7, ge=0, lt=2**32)
    """Seed of what is drawn."""

    @field_validator("objective", mode="before")
    @classmethod
    def _several(cls, given: object) -> object:
        return (given,) if isinstance(given, str) else given

    @field_validator("objective")
    @classmethod
    def _known(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(str(Objective.parse(text)) for text in texts)
        except BadParams as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _fits_together(self) -> TuningParams:
        if self.pruner != "none" and len(self.objective) > 1:
            raise ValueError("trials of several objectives cannot be pruned; leave out pruner")
        if self.sampler == "grid":
            for path, axis in self.over.items():
                if isinstance(axis, Range) and axis.step is None:
                    raise ValueError(f"a grid needs values of {path}; give it a step, or list them")
        return self

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is made as large, or small, as it can be."""
        return tuple(map(Objective.parse, self.objective))

    @property
    def directions(self) -> tuple[Literal["maximize", "minimize"], ...]:
        """Which way is better, by objective."""
        return tuple(each.direction for each in self.objectives)

    @property
    def decisive(self) -> Mapping[str, Any]:
        """All that decides what is asked, as JSON: how many and how many at once do not."""
        return self.model_dump(mode="json", exclude={"trials", "parallel"})

    def rounds(self, trials: int) -> Iterator[Sequence[int]]:
        """Numbers of trials that are asked for together; where nothing learns from results, that is all of them."""
        size = self.batch if self.sampler == "tpe" or self.pruner != "none" else trials
        for first in range(0, trials, size):
            yield range(first, min(first + size, trials))
