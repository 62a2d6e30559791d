"""Drawdown from the window's high."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.windows import largest


def drawdown(*, period: Annotated[int, Field(ge=1)] = 100) -> pl.Expr:
    """How far the close lies below the highest price of the last `period` bars.

    Formula: c[t] / max(h[t] … h[t−period+1]) − 1.
    Units: none, from −1 to 0 (−0.01 is one percent below). Known at: the bar's close.

    Args:
        period: Bars whose highest price counts, this one included.

    Example:
        >>> bars = pl.DataFrame({"high": [8.0, 6.0], "close": [7.0, 6.0]})
        >>> bars.select(drawdown(period=2)).to_series().to_list()
        [None, -0.25]
    """
    return pl.col("close") / largest(pl.col("high"), period) - 1
