"""Rogers and Satchell's volatility, which a drift does not disturb."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.parts import mean_variance


def variance() -> pl.Expr:
    """The estimator's variance of a single bar: ln(h / c) · ln(h / o) + ln(l / c) · ln(l / o)."""
    open_, high, low, close = (pl.col(name) for name in ("open", "high", "low", "close"))
    return (high / close).log() * (high / open_).log() + (low / close).log() * (low / open_).log()


def rogers_satchell(*, period: Annotated[int, Field(ge=1)] = 20) -> pl.Expr:
    """Volatility from open, high, low and close of the last `period` bars, right for a price with a drift as well.

    It does not see steps between bars; `yang_zhang` does.

    Formula: σ = √(mean of ln(h / c) · ln(h / o) + ln(l / c) · ln(l / o)).
    Source: L. C. G. Rogers, S. E. Satchell, Estimating Variance from High, Low and Closing Prices, Annals of Applied
    Probability (1991).
    Units: none, per bar: times √(bars in a year) it is annualised. Known at: the bar's close, from bar `period` on.

    Args:
        period: Bars in the mean, this one included.

    Example:
        >>> from math import exp
        >>> bars = pl.DataFrame({"open": [1.0], "high": [exp(0.2)], "low": [1.0], "close": [exp(0.1)]})
        >>> round(bars.select(rogers_satchell(period=1)).item(), 9)  # √(0.1 · 0.2)
        0.141421356
    """
    return mean_variance(variance(), period).sqrt()
