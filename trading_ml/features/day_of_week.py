"""Day of the week as a point on a circle, so that Sunday is next to Monday."""

from __future__ import annotations

from math import tau
from zoneinfo import ZoneInfo

import polars as pl

from trading_ml.core.time import local_date


def day_of_week(*, zone: str = "UTC") -> dict[str, pl.Expr]:
    """Sine and cosine of the local weekday on which the bar opens, which is the day it belongs to.

    Formula: sin and cos of 2π · (weekday − 1) / 7, Monday being 1.
    Units: none. Known at: the bar's close.

    Args:
        zone: IANA time zone of the calendar, for example the exchange's.

    Example:
        >>> from datetime import datetime
        >>> monday = pl.DataFrame({"ts_open": [datetime(2024, 1, 1)]}, schema={"ts_open": pl.Datetime("ns", "UTC")})
        >>> monday.select(**day_of_week()).row(0)
        (0.0, 1.0)
    """
    angle = (local_date("ts_open", ZoneInfo(zone).key).dt.weekday() - 1) * (tau / 7)
    return {"sin": angle.sin(), "cos": angle.cos()}
