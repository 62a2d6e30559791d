"""Exponential moving average, and how far it lies from the close."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.kernel import talib
from trading_ml.features.parts import percent


def ema(*, period: Annotated[int, Field(ge=1, le=100_000)] = 20) -> dict[str, pl.Expr]:
    """Exponential moving average of the closes.

    Formula: ema[t] = ema[t−1] + (c[t] − ema[t−1]) · 2 / (period + 1), seeded with the mean of the first `period`
    closes; ema_pct = 100 · (ema − c) / c.
    Source: R. G. Brown, Statistical Forecasting for Inventory Control (1959); computed by TA-Lib (EMA).
    Units: price; ema_pct in percent of the close. Known at: the bar's close.

    Args:
        period: Bars of a simple average whose age is the same: each close counts 2 / (period + 1).

    Example:
        >>> pl.DataFrame({"close": [1.0, 2.0, 3.0]}).select(**ema(period=2)).row(2)  # 1.5 + (3 − 1.5) · 2 / 3
        (2.5, -16.666666666666668)
    """
    mean = talib("EMA", "close", timeperiod=period)
    return {"ema": mean, "ema_pct": percent(mean, pl.col("close"))}
