"""Whether volatility will be higher."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.atr import atr
from trading_ml.labels.markers import label


@label(classes=["falls", "rises"])
def atr_rises(
    *, period: Annotated[int, Field(ge=1)] = 14, horizon: Annotated[int, Field(ge=1)] = 5
) -> dict[str, pl.Expr]:
    """Whether the average true range is higher after the next `horizon` bars than it is now.

    Formula: rises = atr[t+horizon] > atr[t]; a tie is no answer: null.
    Known at: `label_end`, the close of bar t + horizon, which may lie beyond a night or a weekend.

    Args:
        period: Of the average true range.
        horizon: Bars ahead.

    Example:
        >>> bars = pl.DataFrame({"high": [3.0, 5.0], "low": [1.0, 4.0], "close": [2.0, 4.5], "ts_close": [1, 2]})
        >>> bars.select(**atr_rises(period=2, horizon=1)).rows()  # from 2.0 to 2.5
        [(True, 2), (None, None)]
    """
    change = atr(period=period).diff(horizon).shift(-horizon)
    rises = pl.when(change != 0).then(change > 0)
    return {"rises": rises, "label_end": pl.col("ts_close").shift(-horizon)}
