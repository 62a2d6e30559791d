"""Yang and Zhang's volatility, which neither a drift nor steps between bars disturb."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.parts import known, mean_variance
from trading_ml.features.rogers_satchell import variance


def yang_zhang(*, period: Annotated[int, Field(ge=2)] = 20) -> pl.Expr:
    """Volatility from steps between bars, bodies and ranges of the last `period` bars.

    Formula: σ = √(V(ln(o[t] / c[t−1])) + k · V(ln(c / o)) + (1 − k) · rs), V the sample variance and rs the mean of
    Rogers and Satchell's variance over the period; k = 0.34 / (1.34 + (period + 1) / (period − 1)) makes it vary least.
    Source: D. Yang, Q. Zhang, Drift-Independent Volatility Estimation Based on High, Low, Open, and Close Prices,
    Journal of Business (2000).
    Units: none, per bar: times √(bars in a year) it is annualised. Known at: the bar's close, from bar `period` + 1 on.

    Args:
        period: Bars in the variances, this one included.

    Example:
        >>> from math import exp
        >>> bars = pl.DataFrame({"open": [1.0, 1.0, exp(0.3)], "close": [1.0, exp(0.1), exp(0.4)]})
        >>> bars = bars.with_columns(high=pl.max_horizontal("open", "close"), low=pl.min_horizontal("open", "close"))
        >>> round(bars.select(yang_zhang(period=2)).item(2, 0), 9)  # steps 0 and 0.2, equal bodies, no shadows
        0.141421356
    """
    open_, close = pl.col("open"), pl.col("close")
    k = 0.34 / (1.34 + (period + 1) / (period - 1))
    step, body = (open_ / close.shift(1)).log(), (close / open_).log()
    total = step.rolling_var(period) + k * body.rolling_var(period) + (1 - k) * mean_variance(variance(), period)
    return known(total).sqrt()
