"""Volatility from closes alone."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.log_return import log_return


def close_to_close(*, period: Annotated[int, Field(ge=2)] = 20) -> pl.Expr:
    """Standard deviation of the last `period` log returns.

    Formula: σ = √(Σ (r − mean r)² / (period − 1)), r[t] = ln(c[t] / c[t−1]).
    Source: J. Hull, Options, Futures, and Other Derivatives, on historical volatility.
    Units: none, per bar: times √(bars in a year) it is annualised. Known at: the bar's close, from bar `period` + 1 on.

    Args:
        period: Returns in the deviation, this bar's included.

    Example:
        >>> from math import exp
        >>> closes = pl.DataFrame({"close": [1.0, exp(0.1), exp(0.4)]})  # returns 0.1 and 0.3
        >>> round(closes.select(close_to_close(period=2)).item(2, 0), 9)
        0.141421356
    """
    return log_return().rolling_std(period)
