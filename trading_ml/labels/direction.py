"""Direction of the next bars."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.labels.markers import label


@label(classes=["down", "up"])
def direction(
    *,
    horizon: Annotated[int, Field(ge=1)] = 1,
    flat_pct: Annotated[float, Field(ge=0, lt=100)] | None = None,
) -> dict[str, pl.Expr]:
    """Whether the close is higher `horizon` bars ahead, or lower, or much the same.

    Formula: up = c[t+horizon] > c[t]; a tie is no answer: null. With `flat_pct` there are three classes, as text:
    flat where |c[t+horizon] / c[t] − 1| ≤ flat_pct / 100, else down or up.
    Known at: `label_end`, the close of bar t + horizon, which may lie beyond a night or a weekend.

    Args:
        horizon: Bars ahead.
        flat_pct: Changes up to so many percent are flat, a class of its own; by default there is none.

    Example:
        >>> bars = pl.DataFrame({"close": [1.0, 2.0, 2.0, 1.0], "ts_close": [1, 2, 3, 4]})
        >>> bars.select(**direction()).rows()
        [(True, 2), (None, 3), (False, 4), (None, None)]
    """
    change = pl.col("close").shift(-horizon) - pl.col("close")
    answer = pl.when(change != 0).then(change > 0)
    if flat_pct is not None:
        small = change.abs() <= flat_pct / 100 * pl.col("close").abs()
        side = pl.when(small).then(pl.lit("flat")).when(change > 0).then(pl.lit("up")).otherwise(pl.lit("down"))
        answer = pl.when(change.is_not_null()).then(side)
    return {"up": answer, "label_end": pl.col("ts_close").shift(-horizon)}
