"""Time bars: half-open intervals [`ts_open`, `ts_close`) from local midnight on, cut at the next midnight."""

from __future__ import annotations

from datetime import date

import numpy as np

from trading_ml.bars.ranges import Ranges
from trading_ml.core.time import day_bounds, nanoseconds
from trading_ml.ticks.ranges import Ints, interval_starts


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
