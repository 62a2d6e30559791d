"""Simple moving average, and how far the close is from it."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.windows import mean


def sma(*, period: Annotated[int, Field(ge=1)] = 20) -> dict[str, pl.Expr]:
    """Mean of the last `period` closes, and that mean minus the close.

    Formula: sma = (c[t] + … + c[t−period+1]) / period; sma_rel = sma − c[t].
    Units: price. Known at: the bar's close, from bar `period` on.

    Args:
        period: Bars in the mean, this one included.

    Example:
        >>> pl.DataFrame({"close": [1.0, 2.0, 4.0]}).select(**sma(period=2)).rows()
        [(None, None), (1.5, -0.5), (3.0, -1.0)]
    """
    average = mean(pl.col("close"), period)
    return {"sma": average, "sma_rel": average - pl.col("close")}
