"""Rolling windows of Polars as kernels: one that a script keeps and names in several columns is computed once.

Largest and smallest values come from TA-Lib, which finds the same ones in a twentieth of the time; Polars computes the
rest, and those over columns in which something is unknown. A window with an unknown value has no answer.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from trading_ml.features.kernel import Numbers, numbers

_TALIB = {"rolling_max": "MAX", "rolling_min": "MIN"}
_LONGEST = 100_000
"""Bars of TA-Lib's longest window; its shortest has two."""


def largest(column: pl.Expr, period: int) -> pl.Expr:
    """Largest of the last `period` values.

    Example:
        >>> pl.DataFrame({"x": [3.0, 1.0, 2.0]}).select(largest(pl.col("x"), 2)).to_series().to_list()
        [None, 3.0, 2.0]
    """
    return _rolling("rolling_max", column, period)


def smallest(column: pl.Expr, period: int) -> pl.Expr:
    """Smallest of the last `period` values.

    Example:
        >>> pl.DataFrame({"x": [3.0, 1.0, 2.0]}).select(smallest(pl.col("x"), 2)).to_series().to_list()
        [None, 1.0, 1.0]
    """
    return _rolling("rolling_min", column, period)


def mean(column: pl.Expr, period: int) -> pl.Expr:
    """Mean of the last `period` values.

    Example:
        >>> pl.DataFrame({"x": [3.0, 1.0, 2.0]}).select(mean(pl.col("x"), 2)).to_series().to_list()
        [None, 2.0, 1.5]
    """
    return _rolling("rolling_mean", column, period)


def summed(column: pl.Expr, period: int) -> pl.Expr:
    """Sum of the last `period` values, running: `moving.total` sums each window anew.

    Example:
        >>> pl.DataFrame({"x": [3.0, 1.0, 2.0]}).select(summed(pl.col("x"), 2)).to_series().to_list()
        [None, 4.0, 3.0]
    """
    return _rolling("rolling_sum", column, period)


def deviation(column: pl.Expr, period: int) -> pl.Expr:
    """Sample standard deviation of the last `period` values.

    Example:
        >>> pl.DataFrame({"x": [3.0, 1.0]}).select(deviation(pl.col("x"), 2).round(6)).to_series().to_list()
        [None, 1.414214]
    """
    return _rolling("rolling_std", column, period)


def _rolling(statistic: str, column: pl.Expr, period: int) -> pl.Expr:
    def computed(column: pl.Series) -> pl.Series:
        if statistic in _TALIB and 2 <= period <= _LONGEST and _known(values := numbers(column)):
            import talib

            return pl.Series(getattr(talib, _TALIB[statistic])(values, period), nan_to_null=True)
        return getattr(column, statistic)(period)

    return column.cast(pl.Float64).map_batches(computed, return_dtype=pl.Float64)


def _known(values: Numbers) -> bool:
    """Whether all values are known but the first ones."""
    unknown = np.isnan(values)
    return not unknown[np.count_nonzero(unknown) :].any()
