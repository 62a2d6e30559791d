"""Rate of change."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.parts import percent


def roc(*, lag: Annotated[int, Field(ge=1)] = 10) -> pl.Expr:
    """Change of the close against the close `lag` bars ago, in percent of that.

    Formula: roc[t] = 100 · (c[t] − c[t−lag]) / c[t−lag]; `log_return` is the logarithmic form.
    Source: J. J. Murphy, Technical Analysis of the Financial Markets (1999).
    Units: percent. Known at: the bar's close, from bar `lag` + 1 on.

    Args:
        lag: Bars between the two closes.

    Example:
        >>> pl.DataFrame({"close": [2.0, 5.0]}).select(roc(lag=1)).to_series().to_list()
        [None, 150.0]
    """
    close = pl.col("close")
    return percent(close, close.shift(lag))
