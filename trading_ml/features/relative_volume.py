"""Relative volume: is this bar busier than those before it."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.moving import ratio, total


def relative_volume(*, period: Annotated[int, Field(ge=1)] = 20) -> pl.Expr:
    """Volume of the bar over the mean volume of the `period` bars before it.

    Formula: v[t] / mean(v[t−1] … v[t−period]).
    Units: none (2 is twice as busy as usual). Known at: the bar's close. Null where the bars before it traded nothing.

    Args:
        period: Bars in the mean, this one not included.

    Example:
        >>> pl.DataFrame({"volume": [2.0, 4.0, 9.0]}).select(relative_volume(period=2)).to_series().to_list()
        [None, None, 3.0]
    """
    volume = pl.col("volume")
    return ratio(volume * period, total(volume, period).shift(1))
