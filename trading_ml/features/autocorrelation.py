"""Rolling autocorrelation of returns."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.log_return import log_return
from trading_ml.features.moving import correlation


def autocorrelation(*, lag: Annotated[int, Field(ge=1)] = 1, period: Annotated[int, Field(ge=3)] = 60) -> pl.Expr:
    """Correlation of log returns with those `lag` bars before: above zero for trends, below for reversals.

    Formula: Pearson's correlation of the last `period` pairs (r[t], r[t−lag]).
    Units: none, from −1 to 1. Known at: the bar's close. Null where the returns of either side are all the same.

    Args:
        lag: Bars between the two returns of a pair.
        period: Pairs in the correlation.

    Example:
        >>> closes = pl.DataFrame({"close": [1.0, 2.0] * 4})  # up and down in turn
        >>> round(closes.select(autocorrelation(period=4)).item(7, 0), 12)
        -1.0
    """
    return correlation(log_return(), log_return().shift(lag), period)
