"""Rolling skewness of returns."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.log_return import log_return
from trading_ml.features.moving import flat


def skew(*, period: Annotated[int, Field(ge=3)] = 60) -> pl.Expr:
    """How lopsided the last `period` log returns are: negative where the large moves go down.

    Formula: G₁ = √(n(n−1)) / (n−2) · m₃ / m₂^1.5, with central moments m; the adjusted Fisher–Pearson coefficient.
    Source: D. N. Joanes, C. A. Gill, Comparing Measures of Sample Skewness and Kurtosis (1998).
    Units: none. Known at: the bar's close. Null where all returns are the same.

    Args:
        period: Returns in the window.

    Example:
        >>> from math import exp
        >>> closes = pl.DataFrame({"close": [1.0, 1.0, 1.0, exp(-0.3)]})
        >>> round(closes.select(skew(period=3)).item(3, 0), 6)  # −√3
        -1.732051
    """
    returns = log_return()
    return pl.when(~flat(returns, period)).then(returns.rolling_skew(period, bias=False))
