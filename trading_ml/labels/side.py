"""A position as a label's answer: a number, a side, or whether it is long."""

from __future__ import annotations

from typing import Literal

import polars as pl

Answer = Literal["number", "side", "long"]


def answered(position: pl.Expr, answer: Answer) -> pl.Expr:
    """Positions −1, 0 and +1 as they are, as short, flat and long, or as whether they are long (0.001 or more).

    Example:
        >>> rows = pl.DataFrame({"position": [-1.0, 0.0, 1.0, None]})
        >>> [rows.select(answered(pl.col("position"), each)).to_series().to_list() for each in ("side", "long")]
        [['short', 'flat', 'long', None], [False, False, True, None]]
    """
    if answer == "number":
        return position
    if answer == "long":
        return position >= 0.001
    return position.replace_strict({-1.0: "short", 0.0: "flat", 1.0: "long"}, default=None, return_dtype=pl.String)
