"""A market by hand of which every fault is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from trading_ml.datasets import Dataset, build
from trading_ml_tests.datasets.conftest import HOME, Tables

FIRST, DAYS, BARS = date(2024, 1, 30), 14, 120
TEST = 10
"""Number of the first day of the test part."""
Change = Callable[[int, pl.DataFrame, pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]]


class Market:
    """Two weeks of one instrument: `pair.a` a return, `pair.b` a price that wanders, `single` a volume; `up` a coin."""

    def __init__(self, tables: Tables) -> None:
        tables.bars = BARS
        self.tables, self.price = tables, 100.0

    def dataset(self, change: Change | None = None, **sections: object) -> Dataset:
        """Built from the days as `change` leaves them, given each day's number, features and labels."""
        params = self.tables.params(["test:A"], **sections)
        for number in range(DAYS):
            features, labels = self.day(number)
            features, labels = change(number, features, labels) if change else (features, labels)
            self.tables.put(params, "test:A", FIRST + timedelta(number), features, labels)
        return build(self.tables.lake, params)

    def day(self, number: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        features, labels = self.tables.frame("test:A", FIRST + timedelta(number))
        returns = features["pair.a"] / 100
        prices = self.price + returns.cum_sum()
        self.price = prices[-1]
        volumes = pl.Series(np.random.default_rng(number).lognormal(size=BARS))
        return features.with_columns(returns, prices.alias("pair.b"), volumes.alias("single")), labels


@pytest.fixture
def market(tables: Tables) -> Market:
    return Market(tables)


@pytest.fixture
def honest(market: Market) -> Dataset:
    return market.dataset()


__all__ = ["BARS", "DAYS", "FIRST", "HOME", "TEST", "Market"]
