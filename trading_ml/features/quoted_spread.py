"""The quoted spread: what it costs to buy and sell at once."""

from __future__ import annotations

from typing import Literal

import polars as pl

from trading_ml.features.moving import ratio

_BPS = 1e4


def quoted_spread(*, of: Literal["last", "mean"] = "last") -> pl.Expr:
    """Ask less bid, relative to the middle between them; needs bars of quotes (`kind: quotes`).

    Formula: 10⁴ · (ask − bid) / ((ask + bid) / 2) of the bar's last quote, or 10⁴ · s̄ / c, s̄ the bar statistic
    `mean_spread` and c the last middle.
    Source: M. O'Hara, Market Microstructure Theory (1995).
    Units: basis points of the middle; negative while the market is crossed. Known at: the bar's close.

    Args:
        of: The last quote of the bar, or the mean over all its quotes, for which bars need the statistic `mean_spread`.

    Example:
        >>> pl.DataFrame({"bid": [99.0], "ask": [101.0]}).select(quoted_spread()).item()
        200.0
    """
    if of == "mean":
        return ratio(_BPS * pl.col("mean_spread"), pl.col("close"))
    bid, ask = pl.col("bid"), pl.col("ask")
    return ratio(_BPS * (ask - bid), (ask + bid) / 2)
