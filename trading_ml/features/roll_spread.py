"""Roll's spread: the bounce between bid and ask, seen in trades alone."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.log_return import log_return
from trading_ml.features.moving import covariance

_BPS = 1e4


def roll_spread(*, period: Annotated[int, Field(ge=3)] = 50) -> pl.Expr:
    """Effective spread that explains how much successive returns undo each other.

    Formula: 10⁴ · 2√(−cov(r[t], r[t−1])) over the last `period` pairs, r the log return; 0 where returns do not undo
    each other, so that the covariance is not negative and the model finds no spread.
    Source: R. Roll, A Simple Implicit Measure of the Effective Bid-Ask Spread in an Efficient Market (1984).
    Units: basis points of the price, as `quoted_spread`. Known at: the bar's close.

    Args:
        period: Pairs of successive returns in the covariance.

    Example:
        >>> from math import exp
        >>> bounce = pl.DataFrame({"close": [1.0, exp(0.01)] * 6})  # returns of 100 bps, to and fro
        >>> round(bounce.select(roll_spread(period=10)).item(11, 0), 6)  # 200 bps · √(10/9), the sample's correction
        210.818511
    """
    bounce = covariance(log_return(), log_return().shift(1), period)
    return 2 * _BPS * (-bounce).clip(lower_bound=0.0).sqrt()
