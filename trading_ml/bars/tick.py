"""Tick, volume and dollar bars: consecutive ticks until a count or a traded amount is reached.

A bar closes with the tick that reaches the threshold, whole: what exceeds it is not carried over. It opens at the stamp
of its first tick and closes, and is known, at the stamp of its last; neighbours may share a stamp, tick order divides
them. Bars restart each local day: one still short of its threshold then is closed by midnight, and `ts_close` says so,
because before midnight nobody could know that it was finished.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from trading_ml.bars.params import BarParams
from trading_ml.bars.ranges import Ranges
from trading_ml.core.time import day_bounds
from trading_ml.ticks.prices import stamps
from trading_ml.ticks.ranges import Ints, threshold_ends


def tick_ranges(ticks: pl.DataFrame, params: BarParams, day: date, zone: str) -> Ranges:
    """Ranges of a day's usable ticks by the threshold that `params` names."""
    ts, reached = stamps(ticks), _reached(ticks, params)
    starts = np.append(0, reached)
    closes = np.append(ts[reached - 1], day_bounds(day, zone)[1])
    begun = starts < ticks.height
    return Ranges(starts[begun], ts[starts[begun]], closes[begun])


def _reached(ticks: pl.DataFrame, params: BarParams) -> Ints:
    """Ends (exclusive) of the bars that reach their threshold."""
    if params.ticks:
        return np.arange(params.ticks, ticks.height + 1, params.ticks)
    size = ticks["size"].to_numpy()
    if params.volume:
        return threshold_ends(size, params.volume)
    assert params.dollar  # BarParams has exactly one rule, and every is not among those that come here
    return threshold_ends(np.abs(ticks["price"].to_numpy()) * size, params.dollar)
