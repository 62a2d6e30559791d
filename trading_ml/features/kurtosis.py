"""Rolling kurtosis of returns."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.log_return import log_return
from trading_ml.features.moving import flat


def kurtosis(*, period: Annotated[int, Field(ge=4)] = 60) -> pl.Expr:
    """How heavy the tails of the last `period` log returns are, in excess of the normal distribution's.

    Formula: G₂ = (n−1) / ((n−2)(n−3)) · ((n+1) · (m₄ / m₂² − 3) + 6), with central moments m.
    Source: D. N. Joanes, C. A. Gill, Comparing Measures of Sample Skewness and Kurtosis (1998).
    Units: none; 0 for normal returns. Known at: the bar's close. Null where all returns are the same.

    Args:
        period: Returns in the window.

    Example:
        >>> from math import exp
        >>> closes = pl.DataFrame({"close": [1.0, 1.0, 1.0, 1.0, exp(0.2)]})
        >>> round(closes.select(kurtosis(period=4)).item(4, 0), 6)
        4.0
    """
    returns = log_return()
    return pl.when(~flat(returns, period)).then(returns.rolling_kurtosis(period, bias=False))
