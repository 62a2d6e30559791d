"""Bars for empty intervals."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from trading_ml.bars.statistics import STATISTICS
from trading_ml.bars.time import interval
from trading_ml.core.time import NS, day_bounds

_CARRIED = ("open", "high", "low", "close", "vwap")
_NOTHING = ("trades", "volume", "mean_size", "max_size")


def fill(bars: pl.DataFrame, every: str, day: date, zone: str) -> pl.DataFrame:
    """Give every interval between a day's first and last bar a row, and say in `filled` which were empty.

    A filled bar carries the last close as its prices and as `vwap` (quotes: the last bid and ask), has no trades and no
    volume, and is known at its own close like any other. Before a day's first tick there is nothing to carry, and
    after its last nothing is known to be empty; so that a filled bar exists says that ticks follow on that day.

    Args:
        bars: Time bars of one day; statistics are filled with their own idea of nothing.
        every: Their length.
        day: The local date.
        zone: Its zone.
    """
    if bars.is_empty():
        return bars.with_columns(filled=pl.lit(value=False))
    length = interval(every, day, zone)
    opens = bars["ts_open"].to_physical()
    grid = np.arange(opens[0], opens[-1] + 1, length)
    times = pl.DataFrame({"ts_open": grid, "ts_close": np.minimum(grid + length, day_bounds(day, zone)[1])}).cast(NS)
    whole = times.join(bars.drop("ts_close"), on="ts_open", how="left", maintain_order="left")
    empty = pl.col("close").is_null()
    in_empty = lambda name, value: pl.when(empty).then(value).otherwise(name).cast(bars.schema[name]).alias(name)
    told = [name for name in bars.columns if name in STATISTICS]
    return (
        whole.with_columns(filled=empty)
        .with_columns(pl.col(name).forward_fill() for name in ("bid", "ask") if name in bars.columns)
        .with_columns(
            *(in_empty(name, pl.col("close").forward_fill()) for name in _CARRIED),
            *(in_empty(name, pl.lit(0)) for name in _NOTHING),
            *(in_empty(name, STATISTICS[name].empty) for name in told),
        )
    )
