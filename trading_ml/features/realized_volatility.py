"""Realised volatility."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.log_return import log_return


def realized_volatility(*, period: Annotated[int, Field(ge=1)] = 20) -> pl.Expr:
    """Square root of the sum of squared log returns of the last `period` bars.

    Formula: rv[t] = √(r[t]² + … + r[t−period+1]²), r the log return from close to close.
    Source: T. G. Andersen, T. Bollerslev, Answering the Skeptics (1998).
    Units: none, per `period` bars; neither annualised nor freed of its mean. Known at: the bar's close.

    Args:
        period: Returns in the sum, this bar's included.

    Example:
        >>> from math import exp
        >>> closes = pl.DataFrame({"close": [1.0, exp(0.3), exp(-0.1)]})
        >>> round(closes.select(realized_volatility(period=2)).item(2, 0), 12)  # √(0.3² + 0.4²)
        0.5
    """
    squares = log_return() ** 2
    return squares.rolling_sum(period).clip(lower_bound=0.0).sqrt()  # rounding may leave a sum of zeros below zero
