"""Feature scripts that are tricky, and honest: none may be refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from trading_ml.features import Bars, needs

CLOSE, OPEN, VOLUME, STAMP = pl.col("close"), pl.col("open"), pl.col("volume"), pl.col("ts_close")
DAY = STAMP.dt.date()
NEW_YORK = STAMP.dt.convert_time_zone("America/New_York")


def computed(function: Callable[[np.ndarray], np.ndarray]) -> pl.Expr:
    """The closes through a function of arrays."""
    return CLOSE.map_batches(lambda s: pl.Series(function(s.to_numpy())), return_dtype=pl.Float64)


def where(condition: pl.Expr, then: Any, otherwise: Any) -> pl.Expr:
    return pl.when(condition).then(then).otherwise(otherwise)


def z_score() -> pl.Expr:
    return (CLOSE - CLOSE.rolling_mean(20)) / CLOSE.rolling_std(20)


def yes_or_no() -> pl.Expr:
    return CLOSE.rolling_mean(5) > CLOSE.rolling_mean(20)


def session_vwap() -> pl.Expr:
    return (CLOSE * VOLUME).cum_sum().over(DAY) / VOLUME.cum_sum().over(DAY)


def since_the_open() -> pl.Expr:
    return CLOSE / OPEN.first().over(DAY)


def range_of_the_day_so_far() -> pl.Expr:
    return (pl.col("high").cum_max().over(DAY) - pl.col("low").cum_min().over(DAY)) / CLOSE


def bar_of_the_day() -> pl.Expr:
    return pl.int_range(pl.len()).over(DAY)


def last_hour() -> pl.Expr:
    return CLOSE.rolling_max_by("ts_close", "1h")


def convolved() -> pl.Expr:
    return computed(lambda values: np.convolve(values, np.ones(9) / 9)[: len(values)])


def correlation() -> pl.Expr:
    return pl.rolling_corr(CLOSE, VOLUME, window_size=30)


def exponential_by_the_clock() -> pl.Expr:
    return CLOSE.ewm_mean_by("ts_close", half_life="10m")


@needs(other=Bars("5m", "simulated:BETA"))
def ratio_to_another_symbol() -> pl.Expr:
    return CLOSE / pl.col("other.close") - 1


def macd() -> pl.Expr:
    return CLOSE.ewm_mean(span=12, adjust=False) - CLOSE.ewm_mean(span=26, adjust=False)


def last_closed_half_hour() -> pl.Expr:
    """Half-hour closes joined by the half hour's end: the last one that is over."""

    def joined(columns: pl.Series) -> pl.Series:
        bars = columns.struct.unnest()
        ending = pl.col("ts_close").dt.offset_by("-1ns").dt.truncate("30m").dt.offset_by("30m")
        slow = bars.group_by(ending, maintain_order=True).agg(slow=CLOSE.last())
        return bars.join_asof(slow, on="ts_close").get_column("slow")

    return pl.struct("ts_close", "close").map_batches(joined, return_dtype=pl.Float64)


def hysteresis() -> pl.Expr:
    """On above the upper band, off below the lower one, and in between what it was, since the day began."""
    mean, band = CLOSE.rolling_mean(20), CLOSE.rolling_std(20)
    state = pl.when(mean + band < CLOSE).then(1.0).when(mean - band > CLOSE).then(0.0)
    return state.forward_fill().over(DAY)


def trailing_stop_of_the_day() -> pl.Expr:
    """A state machine in a loop: the stop follows the price up, and begins anew after a touch or overnight."""

    def stops(columns: pl.Series) -> pl.Series:
        found, stop, today = [], 0.0, None
        for day, close in zip(columns.struct.field("day"), columns.struct.field("close"), strict=True):
            stop = 0.99 * close if day != today or close < stop else max(stop, 0.99 * close)
            today = day
            found.append(stop)
        return pl.Series(found)

    return pl.struct(DAY.alias("day"), "close").map_batches(stops, return_dtype=pl.Float64)


def local_closing_bell() -> pl.Expr:
    return where(NEW_YORK.dt.hour() >= 16, CLOSE, CLOSE.shift(1))


def yesterdays_close() -> pl.Expr:
    """The close before the day's first bar."""
    return where(DAY.shift(1) != DAY, CLOSE.shift(1), None).forward_fill()


def noise_with_a_seed_of_its_price() -> pl.Expr:
    return (CLOSE.hash(11) % 1_000) / 1_000


def relative_strength() -> pl.Expr:
    import talib

    return computed(lambda values: talib.RSI(values, 14))
