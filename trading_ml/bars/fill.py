"""Bars for empty intervals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from trading_ml.core.time import NS


def fill(bars: pl.DataFrame, length: int, end: int, statistics: Mapping[str, float]) -> pl.DataFrame:
    """Give every interval between a day's first and last bar a row, and say in `filled` which were empty.

    A filled bar carries the last close as its prices and as `vwap` (quotes: the last bid and ask), has no trades and no
    volume, and is known at its own close like any other. Before a day's first tick there is nothing to carry, and
    after its last nothing is known to be empty; so that a filled bar exists says that ticks follow on that day.

    Args:
        bars: Time bars of one day.
        length: Length of an interval, in nanoseconds.
        end: The next local midnight, in nanoseconds.
        statistics: Values of bar statistics over no ticks.
    """
    if bars.is_empty():
        return bars.with_columns(filled=pl.lit(value=False))
    opens = bars["ts_open"].to_physical()
    grid = np.arange(opens[0], opens[-1] + 1, length)
    times = pl.DataFrame({"ts_open": grid, "ts_close": np.minimum(grid + length, end)}).cast(NS)
    whole = times.join(bars.drop("ts_close"), on="ts_open", how="left", maintain_order="left")
    close = pl.col("close").forward_fill()
    carried = [pl.coalesce(name, close) for name in ("open", "high", "low", "close", "vwap")]
    quoted = [pl.col(name).forward_fill() for name in ("bid", "ask") if name in bars.columns]
    nothing = {"trades": 0, "volume": 0.0, "mean_size": 0.0, "max_size": 0.0, **statistics}
    empty = [pl.col(name).fill_null(value) for name, value in nothing.items()]
    return whole.with_columns(*carried, *quoted, *empty, filled=pl.col("trades").is_null())
