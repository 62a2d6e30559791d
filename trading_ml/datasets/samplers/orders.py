"""A sample for every order."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import polars as pl

from trading_ml.datasets.samplers.sampler import Day, Moments, Sampler, chosen


class Orders(Sampler):
    """A sample at the last close before each order: what was known when it was placed.

    Of several orders between two closes the first counts: choose short bars. An order before the day's first close
    has nothing to show and makes no sample.

    Example:
        >>> bars = pl.DataFrame({"ts_close": [60, 120, 180]})
        >>> (Orders().moments(bars, Day(0, 240, np.array([59, 125, 130, 180]))) > 0).tolist()
        [False, True, True]
    """

    of_orders: ClassVar = True

    at: Literal["orders"] = "orders"
    instrument: str | None = None
    """`SOURCE:SYMBOL` under which the orders were ingested; the project's own instrument if left out."""

    def moments(self, bars: pl.DataFrame, day: Day) -> Moments:
        """Closes of the bars that were the last before an order."""
        before = np.searchsorted(bars["ts_close"].to_physical().to_numpy(), day.orders, "right") - 1
        rows = np.zeros(bars.height, np.bool_)
        rows[before[before >= 0]] = True
        return chosen(bars, rows)
