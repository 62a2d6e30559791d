"""Direction of the next bars."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.labels.markers import label


@label(classes=["down", "up"])
def direction(*, horizon: Annotated[int, Field(ge=1)] = 1) -> dict[str, pl.Expr]:
    """Whether the close is higher `horizon` bars ahead.

    Formula: up = c[t+horizon] > c[t]; a tie is no answer: null.
    Known at: `label_end`, the close of bar t + horizon, which may lie beyond a night or a weekend.

    Args:
        horizon: Bars ahead.

    Example:
        >>> bars = pl.DataFrame({"close": [1.0, 2.0, 2.0, 1.0], "ts_close": [1, 2, 3, 4]})
        >>> bars.select(**direction()).rows()
        [(True, 2), (None, 3), (False, 4), (None, None)]
    """
    change = pl.col("close").shift(-horizon) - pl.col("close")
    up = pl.when(change != 0).then(change > 0)
    return {"up": up, "label_end": pl.col("ts_close").shift(-horizon)}
