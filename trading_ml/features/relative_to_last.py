"""The last bars as seen from the last close: a chart without its price level."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

_PRICES = ("open", "high", "low", "close")


def relative_to_last(*, length: Annotated[int, Field(ge=1, le=500)] = 5) -> dict[str, pl.Expr]:
    """Prices of the last `length` bars, each relative to the close of the latest of them.

    Every row holds its own small chart, measured from its own close, so rows compare across times and instruments,
    and a model that takes single rows sees a window. (What a model sees of raw prices through `window` may be put in
    relation to the last inside the model instead.)

    Formula: p_k = p[t−k] / c[t] − 1 for p among open, high, low, close and k from 0, this bar, to length − 1; close_0
    would always be 0 and is left out.
    Units: none (0.01 is one percent of the last close). Known at: the bar's close, from bar `length` on.

    Args:
        length: Bars of the chart, this one included; four columns each.

    Example:
        >>> bars = pl.DataFrame({"open": [1.0, 2.0], "high": [3.0, 5.0], "low": [1.0, 2.0], "close": [2.0, 4.0]})
        >>> row = bars.select(**relative_to_last(length=2)).row(1, named=True)
        >>> row["open_0"], row["high_0"], row["low_0"], row["close_1"]
        (-0.5, 0.25, -0.5, -0.5)
    """
    relative = lambda name, back: pl.col(name).shift(back) / pl.col("close") - 1
    columns = [(name, back) for back in range(length) for name in _PRICES]
    return {f"{name}_{back}": relative(name, back) for name, back in columns if (name, back) != ("close", 0)}
