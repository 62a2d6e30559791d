"""How the learning rate falls while training; time is counted in epochs, and falls within them step by step."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny

from trading_ml.core.params import Params, one_of


class Schedule(Params):
    """How the rate goes on from the first step's, r₀."""

    @abstractmethod
    def rate(self, first: float, steps: int, epochs: int) -> Any:
        """What an optimizer takes as its learning rate.

        Args:
            first: r₀.
            steps: Steps of an epoch.
            epochs: Epochs at most.
        """


class Constant(Schedule):
    """Rate: r(e) = r₀ after e epochs."""

    use: Literal["constant"] = "constant"

    def rate(self, first: float, steps: int, epochs: int) -> Any:
        """The rate itself."""
        return first


class InverseTime(Schedule):
    """Rate: r(e) = r₀ / (1 + decay · e) after e epochs.

    Source: Robbins and Monro, A Stochastic Approximation Method (1951): steps whose sum is infinite, not that of
    their squares.
    """

    use: Literal["inverse_time"] = "inverse_time"
    decay: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """With 1, half the rate after one epoch, a third after two."""

    def rate(self, first: float, steps: int, epochs: int) -> Any:
        """Keras's schedule of this name."""
        from keras.optimizers import schedules

        return schedules.InverseTimeDecay(first, steps, self.decay)


class Exponential(Schedule):
    """Rate: r(e) = r₀ · factorᵉ after e epochs."""

    use: Literal["exponential"] = "exponential"
    factor: float = Field(default=0.9, gt=0, le=1)
    """What an epoch leaves of the rate."""

    def rate(self, first: float, steps: int, epochs: int) -> Any:
        """Keras's schedule of this name."""
        from keras.optimizers import schedules

        return schedules.ExponentialDecay(first, steps, self.factor)


class Cosine(Schedule):
    """Rate: r(e) = r₀ · (floor + (1 − floor) · (1 + cos(π e / E)) / 2) after e of at most E epochs.

    Source: Loshchilov and Hutter, SGDR (2017), without restarts.
    """

    use: Literal["cosine"] = "cosine"
    floor: float = Field(default=0.0, ge=0, le=1)
    """What is left of the rate at the end."""

    def rate(self, first: float, steps: int, epochs: int) -> Any:
        """Keras's schedule of this name."""
        from keras.optimizers import schedules

        return schedules.CosineDecay(first, steps * epochs, self.floor)


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "inverse_time": InverseTime,
    "exponential": Exponential,
    "cosine": Cosine,
}


def resolve(raw: object) -> object:
    """The schedule that `raw` names, by a word or in `use` beside its parameters.

    Raises:
        BadParams: for an unknown schedule or a key it does not have, suggesting the nearest.

    Example:
        >>> resolve("exponential"), resolve({"use": "cosine", "floor": 0.1})
        (Exponential(use='exponential', factor=0.9), Cosine(use='cosine', floor=0.1))
    """
    told = {"use": raw} if isinstance(raw, str) else raw
    if not isinstance(told, Mapping):
        return told
    return one_of(SCHEDULES, str(told.get("use", "")), told, "schedule", "training.schedule")


ScheduleParams = Annotated[SerializeAsAny[Schedule], BeforeValidator(resolve)]
