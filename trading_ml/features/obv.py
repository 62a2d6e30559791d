"""On-balance volume, anchored: at a window, or at the day's first bar."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import Field

from trading_ml.core.time import local_date
from trading_ml.features.moving import total


def obv(*, period: Annotated[int, Field(ge=1)] | None = 20, zone: str = "UTC") -> pl.Expr:
    """Volume of the bars that closed higher less volume of those that closed lower.

    Formula: Σ sign(c[t] − c[t−1]) · v[t], over the last `period` bars, or since the local date's first bar, 0 there.
    The original sums since the beginning of time, so its level says only when the records begin; it is anchored here.
    Source: Joseph Granville, New Key to Stock Market Profits (1963).
    Units: size. Known at: the bar's close. A close equal to the one before counts nothing.

    Args:
        period: Bars in the sum, this one included; null sums since the first bar of the local date.
        zone: IANA time zone whose date begins the sum anew; read without a period only.

    Example:
        >>> bars = pl.DataFrame({"close": [1.0, 2.0, 1.5, 1.5], "volume": [5.0, 6.0, 7.0, 8.0]})
        >>> bars.select(obv(period=2)).to_series().to_list()
        [None, None, -1.0, -7.0]
    """
    flow = pl.col("volume") * pl.col("close").diff().sign()
    if period:
        return total(flow, period)
    return flow.fill_null(0.0).cum_sum().over(local_date("ts_open", ZoneInfo(zone).key))
