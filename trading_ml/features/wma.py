"""Linearly weighted moving average, and how far it lies from the close."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.kernel import talib
from trading_ml.features.parts import percent


def wma(*, period: Annotated[int, Field(ge=1, le=100_000)] = 20) -> dict[str, pl.Expr]:
    """Mean of the last `period` closes in which the latest weighs most.

    Formula: wma[t] = (period · c[t] + (period − 1) · c[t−1] + … + 1 · c[t−period+1]) / (period · (period + 1) / 2);
    wma_pct = 100 · (wma − c) / c.
    Source: J. J. Murphy, Technical Analysis of the Financial Markets (1999); computed by TA-Lib (WMA).
    Units: price; wma_pct in percent of the close. Known at: the bar's close, from bar `period` on.

    Args:
        period: Bars in the mean, this one included.

    Example:
        >>> pl.DataFrame({"close": [1.0, 4.0]}).select(**wma(period=2)).row(1)  # (2 · 4 + 1) / 3
        (3.0, -25.0)
    """
    mean = talib("WMA", "close", timeperiod=period)
    return {"wma": mean, "wma_pct": percent(mean, pl.col("close"))}
