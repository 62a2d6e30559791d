"""Rolling z-score."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.moving import flat


def zscore(*, period: Annotated[int, Field(ge=2)] = 20, column: str = "close") -> pl.Expr:
    """Distance of a bar column from its mean over the last `period` bars, in standard deviations.

    Formula: (x[t] − x̄) / s, s the sample deviation, this bar included in both; so at most (n − 1) / √n.
    Units: standard deviations. Known at: the bar's close. Null in a flat window.

    Args:
        period: Bars in mean and deviation.
        column: Which column of the bars.

    Example:
        >>> pl.DataFrame({"close": [1.0, 2.0, 3.0]}).select(zscore(period=3)).to_series().to_list()
        [None, None, 1.0]
    """
    x = pl.col(column).cast(pl.Float64)
    return pl.when(~flat(x, period)).then((x - x.rolling_mean(period)) / x.rolling_std(period))
