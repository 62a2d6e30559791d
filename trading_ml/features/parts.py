"""Parts of features: small expressions of which several scripts are made, and what they mean where a range is empty."""

from __future__ import annotations

import polars as pl

from trading_ml.features.windows import largest


def percent(value: pl.Expr, base: pl.Expr) -> pl.Expr:
    """How far `value` lies from `base`, in percent of `base`.

    Example:
        >>> pl.DataFrame({"a": [102.0], "b": [100.0]}).select(percent(pl.col("a"), pl.col("b"))).item()
        2.0
    """
    return 100 * (value - base) / base


def position(value: pl.Expr, lower: pl.Expr, upper: pl.Expr) -> pl.Expr:
    """Where `value` lies between two bounds: 0 at the lower, 1 at the upper, and 0.5 where the bounds coincide.

    Example:
        >>> rows = pl.DataFrame({"v": [3.0, 3.0], "l": [1.0, 3.0], "u": [5.0, 3.0]})
        >>> rows.select(position(pl.col("v"), pl.col("l"), pl.col("u"))).to_series().to_list()
        [0.5, 0.5]
    """
    return pl.when(lower == upper).then(0.5).otherwise((value - lower) / (upper - lower))


def still(moves: pl.Expr, period: int) -> pl.Expr:
    """Whether none of the last `period` moves differs from zero; null as long as one is unknown.

    Quotients of two averages that forget exponentially ask it: both fade at the same pace while nothing moves, so the
    quotient would hold on to what was before for as long as that lasts, and depend on where the computation began.

    Example:
        >>> moves = pl.DataFrame({"m": [1.0, 0.0, 0.0]})
        >>> moves.select(still(pl.col("m"), 2)).to_series().to_list()
        [None, False, True]
    """
    return largest(moves.abs(), period) == 0


def known(value: pl.Expr) -> pl.Expr:
    """`value`, null where it is infinite: a price of zero has no logarithm.

    Example:
        >>> pl.DataFrame({"v": [1.0, float("inf")]}).select(known(pl.col("v"))).to_series().to_list()
        [1.0, None]
    """
    return value.replace([float("inf"), float("-inf")], None)


def mean_variance(variances: pl.Expr, period: int) -> pl.Expr:
    """Mean of the last `period` variances, null where one is not a number; never below zero, and zero where all are.

    Example:
        >>> pl.DataFrame({"v": [4.0, 14.0]}).select(mean_variance(pl.col("v"), 2)).to_series().to_list()
        [None, 9.0]
    """
    mean = known(variances.rolling_mean(period)).clip(lower_bound=0.0)
    return pl.when(still(variances, period)).then(0.0).otherwise(mean)
