"""Momentum."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field


def momentum(*, lag: Annotated[int, Field(ge=1)] = 10) -> pl.Expr:
    """The close minus the close `lag` bars ago.

    Formula: momentum[t] = c[t] − c[t−lag]; `roc` is the same in percent.
    Source: J. J. Murphy, Technical Analysis of the Financial Markets (1999).
    Units: price. Known at: the bar's close, from bar `lag` + 1 on.

    Args:
        lag: Bars between the two closes.

    Example:
        >>> pl.DataFrame({"close": [2.0, 5.0]}).select(momentum(lag=1)).to_series().to_list()
        [None, 3.0]
    """
    return pl.col("close").diff(lag)
