"""Time of day as a point on a circle, so that midnight is next to midnight."""

from __future__ import annotations

from math import tau
from zoneinfo import ZoneInfo

import polars as pl

from trading_ml.core.time import DAY


def time_of_day(*, zone: str = "UTC") -> dict[str, pl.Expr]:
    """Sine and cosine of the local time at which the bar closes.

    Formula: sin and cos of 2π · (seconds since local midnight by the clock on the wall) / 86,400.
    Units: none. Known at: the bar's close.

    Args:
        zone: IANA time zone of the clock, for example the exchange's.

    Example:
        >>> from datetime import datetime
        >>> bars = pl.DataFrame({"ts_close": [datetime(2024, 1, 1, 6)]}, schema={"ts_close": pl.Datetime("ns", "UTC")})
        >>> [round(value, 12) for value in bars.select(**time_of_day()).row(0)]
        [1.0, 0.0]
    """
    local = pl.col("ts_close").dt.convert_time_zone(ZoneInfo(zone).key)
    angle = local.dt.time().to_physical() * (tau / DAY)
    return {"sin": angle.sin(), "cos": angle.cos()}
