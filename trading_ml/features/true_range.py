"""True range: how far the price came in a bar, the step from the bar before included."""

from __future__ import annotations

import polars as pl

from trading_ml.features.kernel import talib


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
    span = (pl.col("high") - pl.col("low")).fill_nan(None)
    return talib("TRANGE", "high", "low", "close").fill_null(span)
