"""Bars from bars: coarser time bars from finer ones, cut the way bars of ticks are."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from trading_ml.bars.statistics import STATISTICS, average
from trading_ml.bars.time import time_ranges
from trading_ml.core.errors import BadInput
from trading_ml.core.time import day_bounds, local_date, nanoseconds

_WEIGHTED = pl.col("vwap") * pl.col("volume")
_MERGED = {  # vwap where nothing has a size: as in bars of ticks, all trades weigh the same
    "open": pl.col("open").first(),
    "high": pl.col("high").max(),
    "low": pl.col("low").min(),
    "close": pl.col("close").last(),
    "trades": pl.col("trades").sum(),
    "volume": pl.col("volume").sum(),
    "max_size": pl.col("max_size").max(),
    "vwap": pl.when(pl.len() == 1)
    .then(pl.col("vwap").first())  # not by way of a product and a quotient, which would cost its last bit
    .when(pl.col("volume").is_null().any())
    .then(None)
    .when(pl.col("volume").sum() != 0)
    .then(_WEIGHTED.sum() / pl.col("volume").sum())
    .when(pl.col("trades").sum() != 0)
    .then(average("vwap")),
    "bid": pl.col("bid").last(),
    "ask": pl.col("ask").last(),
}
_MEAN_SIZE = pl.when(pl.col("trades") != 0).then(pl.col("volume") / pl.col("trades")).otherwise(pl.col("trades") * 0.0)


def coarser(bars: pl.DataFrame, every: str, zone: str = "UTC") -> pl.DataFrame:
    """Time bars of length `every` from finer ones, anchored at local midnight and cut at the next.

    Prices, `trades` and `max_size` are those of bars made of the ticks themselves; sums (`volume`, and with it
    `mean_size` and `vwap` = Σ vwap·volume / Σ volume) differ from those in their last bits, being added in another
    order. What one finer bar does not tell (null) the coarser one does not either. Filled bars are left out: fill
    the coarser ones. A coarser bar is known at its own `ts_close`.

    Args:
        bars: Time bars of one instrument in order, of any days.
        every: Length of the coarser bars, which the length of the finer ones divides.
        zone: The instrument's zone.

    Raises:
        BadInput: when a finer bar does not lie within one coarser bar, or its length does not divide `every`.

    Example:
        >>> from trading_ml.core.time import NS
        >>> prices = {"open": [5.0, 7.0], "high": [8.0, 7.0], "low": [4.0, 6.0], "close": [7.0, 6.0]}
        >>> sizes = {"trades": [3, 2], "volume": [9.0, 1.0], "mean_size": [3.0, 0.5], "max_size": [5.0, 0.5]}
        >>> moments = {name: pl.Series(ns).cast(NS) for name, ns in (("ts_open", [0, 60 * 10**9]),
        ...                                                          ("ts_close", [60 * 10**9, 120 * 10**9]))}
        >>> minutes = pl.DataFrame({**moments, **prices, **sizes, "vwap": [6.0, 6.5]})
        >>> coarser(minutes, "30m").drop("ts_open", "ts_close").row(0)
        (5.0, 8.0, 4.0, 6.0, 5, 10.0, 2.0, 5.0, 6.05)
    """
    if "filled" in bars.columns:
        bars = bars.filter(~pl.col("filled")).drop("filled")
    if bars.is_empty():
        return bars
    days = bars.group_by(local_date("ts_open", zone).alias("day"), maintain_order=True)
    return pl.concat(_of_day(own, every, day, zone) for (day,), own in days)  # pyright: ignore[reportArgumentType]


def _of_day(bars: pl.DataFrame, every: str, day: date, zone: str) -> pl.DataFrame:
    opens = bars["ts_open"].to_physical().to_numpy()
    ranges = time_ranges(opens, every, day, zone)
    counts = np.diff(np.append(ranges.starts, bars.height))
    closes = np.repeat(ranges.closes, counts)
    if (misfits := bars.filter(_misfits(bars, closes, every, day_bounds(day, zone)[1]))).height:
        culprit = "bar from {} to {}".format(*misfits.select("ts_open", "ts_close").row(0))
        fix = "choose a multiple of its length; where it runs across midnight, finer bars or another zone"
        raise BadInput(culprit, f"is no whole part of one bar of {every} in {zone}", fix)
    stamps = {"ts_open": np.repeat(ranges.opens, counts), "ts_close": closes}
    cut = bars.with_columns(pl.Series(name, values).cast(bars.schema[name]) for name, values in stamps.items())
    statistics = {name: statistic.merged(name) for name, statistic in STATISTICS.items()}
    columns = {name: value for name, value in (_MERGED | statistics).items() if name in bars.columns}
    told = {name: pl.when(pl.col(name).is_not_null().all()).then(value) for name, value in columns.items()}
    made = cut.group_by("ts_open", "ts_close", maintain_order=True).agg(**told).with_columns(mean_size=_MEAN_SIZE)
    return made.select(name for name in bars.columns if name in made.columns).cast(
        {name: bars.schema[name] for name in columns}
    )


def _misfits(bars: pl.DataFrame, closes: np.ndarray, every: str, midnight: int) -> np.ndarray:
    """Which bars run past the close of theirs, or have a length that does not divide it; midnight cuts any length."""
    opened, closed = (bars[name].to_physical().to_numpy() for name in ("ts_open", "ts_close"))
    uneven = nanoseconds(every) % np.maximum(closed - opened, 1) != 0
    return (closed > closes) | (uneven & (closed < midnight) & (every != "1d"))
