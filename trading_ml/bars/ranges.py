"""What every kind of bar boils down to: where its ticks start, when it opens and when it closes."""

from __future__ import annotations

from typing import NamedTuple

from trading_ml.ticks.ranges import Ints


class Ranges(NamedTuple):
    """Consecutive ranges of a day's ticks; each ends where the next starts, the last one with the day."""

    starts: Ints
    """Position of each range's first tick."""
    opens: Ints
    """`ts_open`, in nanoseconds."""
    closes: Ints
    """`ts_close`, in nanoseconds: the moment from which the bar is known."""
