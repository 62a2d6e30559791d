"""The crafted series: simulated bars on which every script must prove itself.

They hold what breaks scripts: sessions of different length and pace with nights, weekends and both changes of the
clock between them, missing bars, ties, flat stretches, zero volume, one-bar spikes. Every spike is smaller than the
one before, so a script that remembers an extreme forever is found out. The series is always the same.

The varied series puts one-minute bars before them, for leaks that hinge on a condition: every minute of the day, ends
and starts of months, leap day and new year, prices and sizes over nine decades, round prices.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.time import NS, SECOND, day_bounds

Numbers = NDArray[np.float64]

CORE = 1_200
"""Bars at the end of the series on which every cut is tested: 8 March to 2 April 2024."""
LONGEST = 64 * CORE
"""Bars at most; a script whose memory is longer than half of them cannot be proven."""
FASTER = 16
"""A pace at which what goes by the clock spans more bars."""

_END = date(2024, 4, 2)
_NEW_YORK = ("America/New_York", 570, ((300, 72), (60, 30)))
_ROUND_THE_CLOCK = ("UTC", 0, ((1800, 48),))
_SESSIONS = {  # by weekday: zone, minute of the day it opens, then runs of (seconds of a bar, bars)
    0: _NEW_YORK,
    1: _ROUND_THE_CLOCK,
    2: ("Europe/London", 480, ((1800, 17),)),
    3: ("Asia/Tokyo", 540, ((1, 30), (120, 15), (300, 12))),
    4: _NEW_YORK,
    5: ("UTC", 0, ((3600, 24),)),
    6: ("UTC", 0, ((3600, 24),)),
}
_SPIKE, _FLAT, _BURST = 97, 211, 131
"""Every so many bars there is a price spike, a flat stretch begins, the volume bursts."""
_FLAT_BARS = 45
_TIES = 0.1
"""Share of other bars that close where the one before did."""

VARIED = 3_600
"""Bars before the core of the varied series on which every cut is tested: December 2023 to 3 March 2024."""
_DATES = (1, 2, 3, 15, 28, 29, 30, 31)
"""Days of the month that the varied series has."""
_DATE_BARS = 150
"""Minutes of such a day; the next day's begin so much earlier, so that every minute of the day has its turn."""
_PRICES = ("open", "high", "low", "close", "vwap", "bid", "ask", "mean_spread", "last_spread")
_SIZES = ("volume", "mean_size", "max_size", "signed_volume")


def crafted(bars: int = CORE, pace: int = 1) -> pl.DataFrame:
    """The last `bars` of the crafted series, with every column that bars may have.

    Args:
        bars: How many, up to `LONGEST`.
        pace: Let the same bars follow each other so many times faster: what counts bars does not notice.
    """
    return _series(pace).tail(bars)


def varied(bars: int) -> pl.DataFrame:
    """The last `bars` of the varied series: the crafted core, and before it what scripts may make conditions of.

    Args:
        bars: How many, from `CORE` up to `LONGEST`.
    """
    age = np.arange(bars - CORE)[::-1]
    day, minute = age // _DATE_BARS, _DATE_BARS - 1 - age % _DATE_BARS
    opens = _dates(day) + (day * _DATE_BARS % 1440 + minute + minute // 30 + 7 * (minute > 70)) * 60 * SECOND
    stamps = {"ts_open": pl.Series(opens).cast(NS), "ts_close": pl.Series(opens + 60 * SECOND).cast(NS)}
    price, size = 10.0 ** (np.abs((day + 1) % 16 - 8) - 5), 10.0 ** (day * 2 % 5 - 2)
    tick = pl.Series(np.array([0.25, 0.01, 1e-9])[day % 3])
    prices = (pl.col(_PRICES) / tick).round() * (tick * pl.Series(price))
    older = crafted(bars).head(len(age)).with_columns(prices, pl.col(_SIZES) * pl.Series(size), **stamps)
    return pl.concat([older, crafted(CORE)])


def _dates(back: NDArray[np.int64]) -> NDArray[np.int64]:
    """Midnights of the varied series' dates, so many dates back from the last one before the core."""
    days = np.arange(
        np.datetime64("2024-03-06") - np.timedelta64(6 * (int(back.max(initial=0)) + 8), "D"), "2024-03-06"
    )
    of_month = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    return days[np.isin(of_month, _DATES)][::-1][back].astype("datetime64[ns]").astype(np.int64)


@lru_cache(maxsize=2)
def _series(pace: int) -> pl.DataFrame:
    opens, closes = _stamps()
    if pace > 1:
        opens, closes = (opens[-1] - (opens[-1] - stamps) // pace for stamps in (opens, closes))
        return _series(1).with_columns(ts_open=pl.Series(opens).cast(NS), ts_close=pl.Series(closes).cast(NS))
    made = {"ts_open": pl.Series(opens).cast(NS), "ts_close": pl.Series(closes).cast(NS), **_prices(len(opens))}
    close, trades = pl.col("close"), pl.col("trades")
    buys = (trades * ((close - pl.col("low") + 0.01) / (pl.col("high") - pl.col("low") + 0.02))).round()
    half = 0.01 + 0.005 * (trades % 4)
    return pl.DataFrame(made).with_columns(
        bid=close - half, ask=close + half, filled=trades == 0, buy_trades=buys, sell_trades=trades - buys,
        signed_volume=pl.col("mean_size") * (2 * buys - trades), order_count=(trades * 0.7).ceil(),
        odd_lot_share=trades % 11 / 10, mean_spread=half * (2 + trades % 7 / 10), last_spread=2 * half,
        mid_open=close.ceil(), day_high=pl.col("high") + 1, day_low=pl.col("low") - 1, side=1.0 - trades % 2 * 2,
        limit_price=close + 0.2 - trades % 2 * 0.4, stop_price=close - 0.2 + trades % 2 * 0.4,
        profit=(trades % 3 > 0) * 1.0,
    )  # fmt: skip


@cache
def _stamps() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Opens and closes of the last `LONGEST` bars; one bar in twenty is missing."""
    opens, closes, day, count = [], [], _END, 0
    while count < LONGEST * 1.1:
        if day.weekday() < 5 or day.weekday() % 2 != day.isocalendar().week % 2:  # Saturday and Sunday in turn
            zone, minute, runs = _SESSIONS[day.weekday()]
            lengths = np.repeat([seconds for seconds, _ in runs], [n for _, n in runs]) * SECOND
            starts = day_bounds(day, zone)[0] + minute * 60 * SECOND + np.cumsum(lengths) - lengths
            opens.append(starts)
            closes.append(starts + lengths)
            count += len(starts)
        day -= timedelta(days=1)
    every = np.concatenate(opens[::-1]), np.concatenate(closes[::-1])
    kept = np.random.default_rng(1).random(len(every[0])) > 0.05
    return every[0][kept][-LONGEST:], every[1][kept][-LONGEST:]


def _prices(bars: int) -> dict[str, NDArray]:
    """Everything but the stamps; ages count from the end, so spikes of any tail fall over time."""
    random = np.random.default_rng(2)
    age = np.arange(bars)[::-1]
    flat = age % _FLAT >= _FLAT - _FLAT_BARS
    close = 100 * np.exp(_wander(random, flat | (random.random(bars) < _TIES)))
    close[(age % _SPIKE <= 2) & ~flat] = 100.0
    open_ = np.where(flat, close, np.concatenate(([close[0]], close[:-1])))
    above, below = np.where(flat, 0.0, random.exponential(0.03, (2, bars)))
    spike, size = (age % _SPIKE == 1) & ~flat, 1 + 0.02 * np.sqrt(age // _SPIKE)
    close[spike] = np.where(age // _SPIKE % 2 == 0, 150 * size, 65 / size)[spike]
    open_[np.concatenate(([False], spike[:-1]))] = 100.0
    high, low = np.maximum(open_, close) + above, np.minimum(open_, close) - below
    return {"open": open_, "high": high, "low": low, "close": close, **_volumes(random, age, flat, (high + low) / 2)}


def _wander(random: np.random.Generator, still: NDArray[np.bool_]) -> Numbers:
    """A log price that comes back to zero, with calm and wild spells, and does not move where it is `still`."""
    steps = random.normal(size=(2, len(still)))
    level, spell, path = 0.0, 0.0, np.empty(len(still))
    for bar, (stays, step, mood) in enumerate(zip(still.tolist(), *steps.tolist(), strict=True)):
        spell = 0.95 * spell + 0.3 * mood
        level = level if stays else 0.99 * level + 0.001 * np.exp(spell) * step
        path[bar] = level
    return path


def _volumes(random: np.random.Generator, age: NDArray, flat: NDArray[np.bool_], middle: Numbers) -> dict[str, NDArray]:
    trades = np.where(flat & (age % 2 == 0), 0, random.integers(1, 60, len(age)))
    burst = age % _BURST == 0
    trades[burst] = 5_000 + 10 * (age[burst] // _BURST)
    volume = np.where(trades > 0, np.round(trades * random.uniform(1, 80, len(age))), 0.0)
    volume[burst] = trades[burst] * 100.0
    mean = np.divide(volume, trades, out=np.zeros(len(age)), where=trades > 0)
    return {"trades": trades, "volume": volume, "mean_size": mean, "max_size": np.ceil(mean * 3), "vwap": middle}
