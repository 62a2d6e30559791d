"""Kyle's lambda: what a unit of one-sided trading does to the price."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.moving import slope
from trading_ml.features.signed_volume import By, Deviation, signed


def kyle_lambda(*, period: Annotated[int, Field(ge=3)] = 50, by: By = "side", deviation: Deviation = 50) -> pl.Expr:
    """Slope of the least-squares line of price changes over signed volumes, of the last `period` bars.

    Formula: cov(Δc, q) / var(q), q the bar's signed volume as in `signed_volume`.
    Source: A. S. Kyle, Continuous Auctions and Insider Trading (1985): price moves by λ times order flow.
    Units: price per unit of size. Known at: the bar's close. Null where all signed volumes are the same.

    Args:
        period: Bars in the regression.
        by: How volume is told apart: by the side of each trade, by bulk volume classification, or by the tick rule.
        deviation: Changes of the close that the deviation is taken of; read by bulk only.

    Example:
        >>> bars = pl.DataFrame({"close": [1.0, 1.5, 1.25, 2.25], "signed_volume": [9.0, 2.0, -1.0, 4.0]})
        >>> round(bars.select(kyle_lambda(period=3)).item(3, 0), 12)
        0.25
    """
    return slope(signed(by, deviation), pl.col("close").diff(), period)
