"""True range: how far the price came in a bar, the step from the bar before included."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from trading_ml.features.kernel import numbers


def true_range() -> pl.Expr:
    """The bar's range, widened to the close before it where the price stepped over it.

    Formula: tr[t] = max(h[t] − l[t], |h[t] − c[t−1]|, |l[t] − c[t−1]|); the first bar knows only h − l.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978); computed by TA-Lib (TRANGE).
    Units: price. Known at: the bar's close.

    Example:
        >>> bars = pl.DataFrame({"high": [3.0, 5.0], "low": [1.0, 4.0], "close": [2.0, 4.5]})
        >>> bars.select(true_range()).to_series().to_list()  # 5 − 2, from the close before
        [2.0, 3.0]
    """
    return pl.map_batches([pl.col(name) for name in ("high", "low", "close")], _ranges, return_dtype=pl.Float64)


def _ranges(prices: Sequence[pl.Series]) -> pl.Series:
    """TA-Lib's over bars that know all three prices; the span of the first of these and of those without a close."""
    import talib

    high, low, close = map(numbers, prices)
    ranges, known = high - low, np.isfinite(high) & np.isfinite(low) & np.isfinite(close)
    if known.all():
        ranges[1:] = talib.TRANGE(high, low, close)[1:]
    else:
        found = talib.TRANGE(high[known], low[known], close[known])
        ranges[known] = np.where(np.isnan(found), ranges[known], found)
    return pl.Series(ranges, nan_to_null=True)
