"""Bars since something happened."""

from __future__ import annotations

from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from trading_ml.features.log_return import log_return
from trading_ml.features.windows import largest, smallest


def time_since(
    *,
    event: Literal["high", "low", "jump"] = "high",
    period: Annotated[int, Field(ge=2)] = 50,
    sigma: Annotated[float, Field(gt=0)] = 4.0,
) -> pl.Expr:
    """Bars since the last breakout or jump, at most `period`.

    Formula: high: h[t] is above all highs of the `period` bars before; low: l[t] is below all their lows; jump: |r[t]|
    is larger than `sigma` sample deviations of the `period` log returns before, and not zero.
    Units: bars: 0 on the event itself, `period` where it lies that far back or further. Known at: the bar's close.
    Null where an event may have been missed: before the first `period` bars, and after a price that is null.

    Args:
        event: What is waited for: a new high, a new low, or a jump of the close.
        period: Bars an event is measured against, and bars after which it counts as long ago.
        sigma: Standard deviations that make a jump; read by jump only.

    Example:
        >>> bars = pl.DataFrame({"high": [1.0, 2.0, 3.0, 2.0, 2.0, 2.0]})
        >>> bars.select(time_since(period=2)).to_series().to_list()
        [None, None, 0, 1, 2, 2]
    """
    happened = _events(event, period, sigma)
    row = pl.int_range(pl.len())
    since, unknown = (row - pl.when(at).then(row).forward_fill() for at in (happened, happened.is_null()))
    known = (since <= unknown) | (unknown >= period)  # without an event so far, only then it is long ago
    return pl.when(known).then(pl.min_horizontal(since, period))


def _events(event: str, period: int, sigma: float) -> pl.Expr:
    if event == "high":
        return pl.col("high") > largest(pl.col("high"), period).shift(1)
    if event == "low":
        return pl.col("low") < smallest(pl.col("low"), period).shift(1)
    returns = log_return()
    return returns.abs() > sigma * returns.rolling_std(period).shift(1)
