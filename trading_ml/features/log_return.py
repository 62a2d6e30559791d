"""Logarithmic return."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field


def log_return(*, lag: Annotated[int, Field(ge=1)] = 1) -> pl.Expr:
    """Logarithm of the close over the close `lag` bars ago.

    Formula: r[t] = ln(c[t] / c[t−lag]).
    Units: none (0.01 is about one percent). Known at: the bar's close.

    Args:
        lag: Bars between the two closes.

    Example:
        >>> pl.DataFrame({"close": [1.0, 2.0]}).select(log_return()).to_series().to_list()
        [None, 0.6931471805599453]
    """
    close = pl.col("close")
    return (close / close.shift(lag)).log()
