"""Commodity channel index."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.kernel import talib


def cci(*, period: Annotated[int, Field(ge=2, le=100_000)] = 20) -> pl.Expr:
    """How many usual deviations the typical price is away from its mean.

    Formula: p = (h + l + c) / 3, m the mean of its last `period` values; cci = (p − m) / (0.015 · mean of |p − m| over
    them). The constant brings most values between −100 and 100. It is 0 where p did not change.
    Source: D. R. Lambert, Commodity Channel Index, Commodities (1980); computed by TA-Lib (CCI).
    Units: none. Known at: the bar's close, from bar `period` on.

    Args:
        period: Bars in the mean and the deviation, this one included.

    Example:
        >>> bars = pl.DataFrame({name: [1.0, 3.0] for name in ("high", "low", "close")})
        >>> round(bars.select(cci(period=2)).item(1, 0), 9)  # 1 above the mean, deviations of 1: 1 / 0.015
        66.666666667
    """
    return talib("CCI", "high", "low", "close", timeperiod=period)
