"""Minutes to the session's close, by the exchange's calendar."""

from __future__ import annotations

import numpy as np
import polars as pl

from trading_ml.core.errors import Unknown
from trading_ml.core.sessions import sessions_around
from trading_ml.core.time import SECOND

_MINUTE = 60 * SECOND


def minutes_to_close(*, calendar: str = "XNYS") -> pl.Expr:
    """Minutes from the bar's close to the close of the exchange's session, half days included.

    Bars see stamps only, not their instrument, so the calendar is a parameter. It is known ahead, and nothing is said
    outside the sessions (null): the next session there would betray a closure that nobody had announced yet. Only
    an early close that was ordered while the session ran is known too soon.
    Formula: (session's close − ts_close) / 1 minute, for open < ts_close ≤ close; a break counts as time to go.
    Units: minutes. Known at: the bar's close.

    Args:
        calendar: A name of exchange-calendars, usually the market's MIC, such as XLON; 24/7 closes at midnight UTC.

    Raises:
        Unknown: when there is no such calendar.

    Example:
        >>> from datetime import datetime
        >>> noon = [datetime(2024, 7, 3, 16), datetime(2024, 7, 5, 16)]  # the first is the eve of a holiday
        >>> bars = pl.DataFrame({"ts_close": noon}, schema={"ts_close": pl.Datetime("ns", "UTC")})
        >>> bars.select(minutes_to_close()).to_series().to_list()
        [60.0, 240.0]
    """
    from exchange_calendars import get_calendar_names

    if calendar not in (known := get_calendar_names()):
        raise Unknown.of("exchange calendar", calendar, known)

    def minutes(stamps: pl.Series) -> pl.Series:
        moments = stamps.cast(pl.Datetime("ns")).to_physical().to_numpy()
        if not len(moments):
            return pl.Series(dtype=pl.Float64)
        sessions = sessions_around(calendar, int(moments.min()), int(moments.max()))
        at = np.searchsorted(sessions.closes, moments, "left")
        left = np.where(sessions.opens[at] < moments, (sessions.closes[at] - moments) / _MINUTE, np.nan)
        return pl.Series(left, nan_to_null=True)

    return pl.col("ts_close").map_batches(minutes, return_dtype=pl.Float64)
