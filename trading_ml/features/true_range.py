"""True range: how far the price came in a bar, the step from the bar before included."""

from __future__ import annotations

import polars as pl


def true_range() -> pl.Expr:
    """The bar's range, widened to the close before it where the price stepped over it.

    Formula: tr[t] = max(h[t] − l[t], |h[t] − c[t−1]|, |l[t] − c[t−1]|); the first bar knows only h − l.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).
    Units: price. Known at: the bar's close.

    Example:
        >>> bars = pl.DataFrame({"high": [3.0, 5.0], "low": [1.0, 4.0], "close": [2.0, 4.5]})
        >>> bars.select(true_range()).to_series().to_list()  # 5 − 2, from the close before
        [2.0, 3.0]
    """
    high, low, close = (pl.col(name).fill_nan(None) for name in ("high", "low", "close"))
    span, previous = high - low, close.shift(1)
    widest = pl.max_horizontal(span, (high - previous).abs(), (low - previous).abs())
    return pl.when(span.is_not_null()).then(widest)
