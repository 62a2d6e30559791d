"""Trading sessions as exchanges publish them: half days, breaks, holidays and changes of the clock included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading_ml.core.errors import BadParams, Unknown
from trading_ml.core.time import SECOND


class Sessions(NamedTuple):
    """Sessions in order, each [open, close) less [break start, break end); moments in nanoseconds UTC.

    A session without a break rests from its close to its close.
    """

    opens: NDArray[np.int64]
    break_starts: NDArray[np.int64]
    break_ends: NDArray[np.int64]
    closes: NDArray[np.int64]


def sessions_around(calendar: str, first: int, last: int) -> Sessions:
    """The sessions of an exchange calendar from before moment `first` until after moment `last`.

    Args:
        calendar: A name of exchange-calendars, usually the market's MIC, such as `XLON`.
        first: Nanoseconds UTC.
        last: Nanoseconds UTC.

    Raises:
        Unknown: when there is no such calendar. BadParams: when it does not reach so far back or forward.

    Example:
        >>> noon = 1_704_196_800 * SECOND  # 2 January 2024, New York's first day of that year
        >>> opens = sessions_around("XNYS", noon, noon).opens
        >>> datetime.fromtimestamp(opens[opens > noon][0] // SECOND, UTC).isoformat()
        '2024-01-02T14:30:00+00:00'
    """
    around = timedelta(days=15)  # longer than any market stays closed; Shanghai's new year takes nine days
    start, end = (datetime.fromtimestamp(ns // SECOND, UTC) + shift for ns, shift in ((first, -around), (last, around)))
    years = [_year(calendar, year) for year in range(start.year, end.year + 1)]
    return Sessions(*(np.concatenate(column) for column in zip(*years, strict=True)))


@lru_cache(maxsize=256)
def _year(calendar: str, year: int) -> Sessions:
    import exchange_calendars as xc
    from exchange_calendars.errors import InvalidCalendarName

    try:
        schedule = xc.get_calendar(calendar, start=f"{year}-01-01", end=f"{year}-12-31").schedule
    except InvalidCalendarName:
        raise Unknown.of("exchange calendar", calendar, xc.get_calendar_names()) from None
    except ValueError as cause:
        raise BadParams(f"exchange calendar {calendar}", f"has no sessions of {year}", str(cause)) from None
    filled = schedule.assign(
        break_start=schedule["break_start"].fillna(schedule["close"]),
        break_end=schedule["break_end"].fillna(schedule["close"]),
    )
    columns = (
        filled[name].to_numpy("datetime64[ns]").view(np.int64) for name in ("open", "break_start", "break_end", "close")
    )
    return Sessions(*columns)
