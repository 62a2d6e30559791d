"""Kernels: functions over NumPy arrays, attached to columns as an expression; TA-Lib's indicators above all.

A kernel that a script keeps and names in several columns is computed once (`Bound.evaluate`). Rolling windows of Polars
are not: `trading_ml.features.windows` has them as kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def kernel(function: Callable[..., Numbers], *columns: str | pl.Expr) -> pl.Expr:
    """Apply `function` to whole columns, one array each, for one value per row.

    Rows where a column is null, NaN or infinite are left out before the call and null after it: one unknown price
    costs its own row and no other, where most kernels would be lost for good after it. What the function answers with
    NaN is null.

    Args:
        function: Takes arrays of equal length and gives one of that length; it is called with empty ones as well.
        columns: Names or expressions, in the order in which the function takes them.

    Example:
        >>> import numpy as np
        >>> frame = pl.DataFrame({"x": [1.0, None, 2.0, 4.0]})
        >>> frame.select(kernel(np.cumsum, "x")).to_series().to_list()
        [1.0, None, 3.0, 7.0]
    """
    inputs = [pl.col(column) if isinstance(column, str) else column for column in columns]
    return pl.map_batches(inputs, _attached(function), return_dtype=pl.Float64)


def _attached(function: Callable[..., Numbers]) -> Callable[[Sequence[pl.Series]], pl.Series]:
    def attached(series: Sequence[pl.Series]) -> pl.Series:
        arrays = [numbers(one) for one in series]
        known = np.logical_and.reduce([np.isfinite(array) for array in arrays])
        if known.all():
            return pl.Series(function(*arrays), nan_to_null=True)
        first = int(known.argmax())  # mostly a window that is not full yet: a slice is no copy
        rows = slice(first, None) if known[first:].all() else known
        values = np.full(len(known), np.nan)
        values[rows] = function(*(array[rows] for array in arrays))
        return pl.Series(values, nan_to_null=True)

    return attached


def numbers(column: pl.Series) -> Numbers:
    """The column as an array, not to be written to; null is NaN."""
    return (column if column.dtype == pl.Float64 else column.cast(pl.Float64)).to_numpy()


def talib(indicator: str, *columns: str | pl.Expr, **params: float) -> pl.Expr:
    """A TA-Lib indicator with one output; the library is imported when values are asked for, and not before.

    Source: TA-Lib, the Technical Analysis Library.

    Args:
        indicator: Its name there, like `EMA`.
        columns: What it is computed from, in TA-Lib's order.
        params: Its own parameters by TA-Lib's names, like `timeperiod`.

    Example:
        >>> frame = pl.DataFrame({"close": [1.0, 2.0, 4.0]})
        >>> frame.select(talib("EMA", "close", timeperiod=2)).to_series().to_list()  # seeded with the mean of two
        [None, 1.5, 3.1666666666666665]
    """

    def computed(*arrays: Numbers) -> Numbers:
        import talib as library

        return getattr(library, indicator)(*arrays, **params)

    return kernel(computed, *columns)
