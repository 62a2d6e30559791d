"""Parkinson's volatility, from highs and lows."""

from __future__ import annotations

from math import log
from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.parts import mean_variance


def parkinson(*, period: Annotated[int, Field(ge=1)] = 20) -> pl.Expr:
    """Volatility from the ranges of the last `period` bars.

    For a price without drift it needs about a fifth of the bars that `close_to_close` needs; it does not see steps
    between bars, and the fewer the trades in a bar, the lower it comes out.

    Formula: σ = √(mean of ln(h / l)² / (4 ln 2)).
    Source: M. Parkinson, The Extreme Value Method for Estimating the Variance of the Rate of Return, Journal of
    Business (1980).
    Units: none, per bar: times √(bars in a year) it is annualised. Known at: the bar's close, from bar `period` on.

    Args:
        period: Bars in the mean, this one included.

    Example:
        >>> from math import exp
        >>> bars = pl.DataFrame({"high": [exp(0.2)], "low": [1.0]})
        >>> round(bars.select(parkinson(period=1)).item(), 9)  # 0.2 / √(4 ln 2)
        0.120112241
    """
    return mean_variance((pl.col("high") / pl.col("low")).log() ** 2 / (4 * log(2)), period).sqrt()
