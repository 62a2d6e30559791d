"""Time bars: half-open intervals [`ts_open`, `ts_close`) from local midnight on, cut at the next midnight."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import polars as pl

from trading_ml.bars.aggregate import tabled
from trading_ml.bars.ranges import Ranges
from trading_ml.core.time import day_bounds, nanoseconds
from trading_ml.ticks.ranges import SUMMARY, Ints, extend, interval_starts


def interval(every: str, day: date, zone: str) -> int:
    """Length of the bars of one local day, in nanoseconds: that of the day itself where `every` is `1d`.

    Example:
        >>> interval("1d", date(2024, 3, 10), "America/New_York") == 23 * interval("1h", date(2024, 3, 10), "UTC")
        True
    """
    start, end = day_bounds(day, zone)
    return end - start if every == "1d" else nanoseconds(every)


def time_ranges(ts: Ints, every: str, day: date, zone: str) -> Ranges:
    """Ranges of the intervals that hold ticks; a tick stamped exactly at a close is in the next bar.

    Hours are counted from midnight as they pass, so a day on which clocks change has 23 or 25 bars of `1h`, and its
    last `4h` bar is cut to 3 hours or to 1.
    """
    start, end = day_bounds(day, zone)
    length = interval(every, day, zone)
    starts = interval_starts(ts, start, length)
    opens = start + (ts[starts] - start) // length * length
    return Ranges(starts, opens, np.minimum(opens + length, end))


def time_bars(ticks: pl.DataFrame, usable: pl.Series, every: str, day: date, zone: str) -> pl.DataFrame:
    """The bars of `time_ranges` over the usable ones of a day's ticks, in one pass that copies none of them.

    Args:
        ticks: A day's ticks with `ts_event`, `price` and `size`.
        usable: Which of them enter a bar.
        every: Length of the bars.
        day: The local date.
        zone: Its zone.
    """
    start, end = day_bounds(day, zone)
    length = interval(every, day, zone)
    opens, rows, sums, bars = np.empty(ticks.height, np.int64), np.empty((ticks.height, len(SUMMARY))), np.empty(2), 0
    for ts, *others in _pieces(ticks["ts_event"].to_physical(), ticks["price"], ticks["size"], usable):
        price, size, good = (column.to_numpy() for column in others)
        bars = extend(ts.to_numpy(), price, size, good, start, length, opens, rows, sums, bars)
    return tabled(opens[:bars], np.minimum(opens[:bars] + length, end), rows[:bars])


def _pieces(*columns: pl.Series) -> Iterable[tuple[pl.Series, ...]]:
    """The columns in the pieces in which they were read, if these are the same for all."""
    chunks = [column.get_chunks() for column in columns]
    if len({tuple(map(len, each)) for each in chunks}) == 1:
        return zip(*chunks, strict=True)
    return [columns]
