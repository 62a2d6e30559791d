"""How much new data is enough, and whether it looks like what was learnt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.errors import BadParams
from trading_ml.datasets.likeness import BESIDE, Column, Reference
from trading_ml.datasets.stock import Stock
from trading_ml.registry.retrain import Drifted, Growth, RetrainParams

counts = st.integers(0, 10**6)
stocks = st.builds(Stock, bars=counts, days=counts, orders=counts)


def params(**given_: Any) -> RetrainParams:
    return RetrainParams.parse(given_, "retrain")


@pytest.mark.parametrize("given_", [{}, {"orders": 0}, {"days": -1}, {"drift": 0.0}, {"order": 5}])
def test_nonsense_is_refused(given_: dict[str, Any]) -> None:
    with pytest.raises(BadParams, match="retrain"):
        params(**given_)


@given(counts, counts, counts)
def test_any_measure_is_enough_and_is_said(samples: int, days: int, orders: int) -> None:
    said = params(samples=1000, days=7, orders=500).due(Growth(samples, days, orders))
    asked = {"samples": (samples, 1000), "days": (days, 7), "orders": (orders, 500)}
    assert said == [f"{new:,} new {name}, {bound:,} are enough" for name, (new, bound) in asked.items() if new >= bound]


def test_drift_is_enough_where_it_is_asked_for() -> None:
    far = Growth(drift=Drifted("close", 0.31))
    assert params(drift=0.2).due(far) == ["close drifted: PSI 0.31, 0.2 is enough"]
    assert params(drift=0.31).due(far) == []
    assert params(orders=1).due(far) == []
    assert params(drift=0.2).due(Growth(days=3)) == []
    assert params(drift=0.2).short(Growth()) == "no drift"
    assert params(orders=60, days=7).short(Growth(orders=12)) == "0 of 7 new days, 12 of 60 new orders"


@given(stocks, stocks)
def test_what_came_is_what_there_is_less_what_there_was(before: Stock, more: Stock) -> None:
    assert (before + more) - before == more
    assert before - (before + more) == Stock()


@dataclass
class Learnt:
    """As much of a dataset as a reference reads: two instruments, of which the first 60 of 100 bars train."""

    values: np.ndarray
    columns: list[str] = field(default_factory=lambda: ["x"])

    @property
    def blocks(self) -> dict[str, np.ndarray]:
        return {"x": self.values[:, None]}

    @property
    def ends(self) -> np.ndarray:
        return np.arange(len(self.values))

    @property
    def samples(self) -> pl.DataFrame:
        half = len(self.values) // 2
        return pl.DataFrame({"instrument": pl.Series(["a"] * half + ["b"] * half, dtype=pl.Enum(["a", "b"]))})

    def indices(self, part: str) -> np.ndarray:
        assert part == "train"
        half = len(self.values) // 2
        return np.concatenate([np.arange(0, int(0.6 * half), 7), np.arange(half, half + int(0.6 * half), 7)])


def plainly(base: np.ndarray, new: np.ndarray) -> float:
    """PSI over ten bins with equal shares of `base`, by loops."""
    ordered = sorted(base)
    bounds = [ordered[-(-k * len(base) // 10) - 1] for k in range(1, 10)]
    total = 0.0
    for low, high in zip([-np.inf, *bounds], [*bounds, np.inf], strict=True):
        p, q = ((sum(low < value <= high for value in of) + 0.5) / (len(of) + 5) for of in (base, new))
        total += (q - p) * np.log(q / p)
    return total


def test_new_days_are_as_far_as_their_psi_unless_training_went_as_far_itself() -> None:
    rng = np.random.default_rng(3)
    base, moved = rng.normal(size=4003), rng.normal(0.5, size=1500)
    column = Column.of(base)
    assert column.distance(moved) == pytest.approx(plainly(base, moved))
    assert column.distance(rng.normal(size=1500)) < 0.05
    wandering = Column.of(np.linspace(0, 9, 4000) + rng.normal(size=4000))
    assert wandering.distance(rng.normal(9.5, size=1500)) == 0
    assert wandering.within * BESIDE > 1


def test_the_reference_is_of_the_training_bars_of_every_instrument() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=6000)
    values[1800:3000] = values[4800:] = 50  # what came after the training part
    values[5] = np.nan
    reference = Reference.of(Learnt(values))  # pyright: ignore[reportArgumentType]
    assert max(reference.columns["x"].edges) < 5
    days = [pl.DataFrame({"x": rng.normal(2, size=800)}) for _ in range(2)]
    name, psi = reference.farthest(days) or ("", 0.0)
    assert (name, psi > 1) == ("x", True)
    assert reference.farthest(days[:1]) is None, "too few bars say nothing"
    assert reference.farthest([]) is None
    same = Reference.model_validate(reference.model_dump())
    assert same.farthest(days) == (name, psi)
