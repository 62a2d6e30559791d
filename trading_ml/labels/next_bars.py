"""The path of the next bars."""

from __future__ import annotations

from typing import Annotated, Literal

import polars as pl
from pydantic import Field


def next_bars(
    *,
    bars: Annotated[int, Field(ge=1, le=512)] = 8,
    kind: Literal["simple", "pct", "log", "difference"] = "simple",
) -> dict[str, pl.Expr]:
    """The closes of the next bars, each relative to this one: `step_1` … `step_<bars>`, a path to regress on.

    Formula: step_i = c[t+i] / c[t] − 1 (simple), a hundred times that (pct), ln(c[t+i] / c[t]) (log) or
    c[t+i] − c[t] (difference). Units: none; of pct, percent; of the difference, price.
    Known at: `label_end`, the close of bar t + bars, for all steps alike.

    Args:
        bars: How many bars ahead the path goes.
        kind: How a close is put relative to this one.

    Example:
        >>> frame = pl.DataFrame({"close": [4.0, 5.0, 3.0], "ts_close": [1, 2, 3]})
        >>> frame.select(**next_bars(bars=2)).rows()
        [(0.25, -0.25, 3), (None, None, None), (None, None, None)]
    """
    close, end = pl.col("close"), pl.col("ts_close").shift(-bars)

    def step(ahead: int) -> pl.Expr:
        later = close.shift(-ahead)
        simple = later / close - 1
        relative = {"simple": simple, "pct": 100 * simple, "log": (later / close).log(), "difference": later - close}
        return pl.when(end.is_not_null()).then(relative[kind])

    return {**{f"step_{ahead}": step(ahead) for ahead in range(1, bars + 1)}, "label_end": end}
