"""Rolling rank."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.moving import ranked


def rank(*, period: Annotated[int, Field(ge=2)] = 20, column: str = "close") -> pl.Expr:
    """Share of the other bars of a window that a bar column lies above, equal ones counting half.

    Formula: (rank − 1) / (period − 1), from 0 (lowest of the last `period` bars) to 1 (highest); ½ in a flat window.
    Units: none. Known at: the bar's close.

    Args:
        period: Bars in the window, this one included.
        column: Which column of the bars.

    Example:
        >>> pl.DataFrame({"close": [1.0, 5.0, 3.0, 3.0]}).select(rank(period=3)).to_series().to_list()
        [None, None, 0.5, 0.25]
    """
    return (ranked(pl.col(column), period) - 1) / (period - 1)
