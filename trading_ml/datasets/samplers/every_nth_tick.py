"""A sample whenever so many ticks have come."""

from __future__ import annotations

from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from trading_ml.datasets.samplers.sampler import Day, Moments, Sampler, chosen


class EveryNthTick(Sampler):
    """A sample at the close of each bar in which the day's `n`-th, 2`n`-th, … tick falls: more where trading is busy.

    On bars of one tick (`bars: {ticks: 1}`) that is every n-th tick itself.

    Example:
        >>> bars = pl.DataFrame({"ts_close": [60, 120, 180], "trades": [4, 3, 5]})
        >>> (EveryNthTick(n=5).moments(bars, Day(0, 240, None)) > 0).tolist()  # ticks 1–4, 5–7, 8–12
        [False, True, True]
    """

    columns: ClassVar = ("trades",)

    at: Literal["every_nth_tick"] = "every_nth_tick"
    n: int = Field(ge=1)
    """Ticks between two samples."""

    def moments(self, bars: pl.DataFrame, day: Day) -> Moments:
        """Closes of the bars in which a multiple of `n` is reached."""
        reached = bars["trades"].cum_sum()
        return chosen(bars, (reached // self.n > (reached - bars["trades"]) // self.n).to_numpy())
