"""The bar itself."""

from __future__ import annotations

import polars as pl


def ohlcv() -> dict[str, pl.Expr]:
    """Open, high, low, close and volume of the bar, as they are.

    Units: price; volume in units of size. Known at: the bar's close.

    Example:
        >>> bar = pl.DataFrame({"open": [1.0], "high": [3.0], "low": [0.5], "close": [2.0], "volume": [7.0]})
        >>> bar.select(**ohlcv()).row(0)
        (1.0, 3.0, 0.5, 2.0, 7.0)
    """
    return {name: pl.col(name) for name in ("open", "high", "low", "close", "volume")}
