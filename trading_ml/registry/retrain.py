"""When a project is trained again by itself: enough that is new, by any of four measures."""

from __future__ import annotations

from typing import NamedTuple, Self

from pydantic import Field, model_validator

from trading_ml.core.params import Params


class Drifted(NamedTuple):
    """The column whose new values are farthest from those of the training part."""

    column: str
    psi: float


class Growth(NamedTuple):
    """What has come since the dataset of the newest version."""

    samples: int = 0
    """New bars, times the share of bars that made a sample in that dataset."""
    days: int = 0
    orders: int = 0
    drift: Drifted | None = None


class RetrainParams(Params):
    """How much new data starts a dataset and a training of it; any of the measures is enough.

    What they are counted from is the dataset of the newest version, whether the gate let that pass or not.

    Example:
        >>> RetrainParams.parse({"orders": 10000}, "retrain").due(Growth(orders=10250))
        ['10,250 new orders, 10,000 are enough']
    """

    samples: int | None = Field(default=None, ge=1)
    """New samples, estimated from the new bars."""
    days: int | None = Field(default=None, ge=1)
    """New days, added up over instruments that have bars on them."""
    orders: int | None = Field(default=None, ge=1)
    """New completed orders."""
    drift: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Population stability index of a column on new days against the promoted dataset's training part."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not any(value is not None for _, value in self):
            raise ValueError("names no measure: give samples, days, orders or drift")
        return self

    def due(self, growth: Growth) -> list[str]:
        """Why it is time, one sentence for each measure that is reached; empty when it is not."""
        counts = {name: (getattr(self, name), getattr(growth, name)) for name in ("samples", "days", "orders")}
        said = [
            f"{new:,} new {name}, {bound:,} are enough"
            for name, (bound, new) in counts.items()
            if bound and new >= bound
        ]
        if self.drift is not None and growth.drift and growth.drift.psi > self.drift:
            said.append(f"{growth.drift.column} drifted: PSI {growth.drift.psi:.2f}, {self.drift:g} is enough")
        return said

    def short(self, growth: Growth) -> str:
        """How far it is from being due."""
        counts = {name: (getattr(self, name), getattr(growth, name)) for name in ("samples", "days", "orders")}
        return (
            ", ".join(f"{new:,} of {bound:,} new {name}" for name, (bound, new) in counts.items() if bound)
            or "no drift"
        )
