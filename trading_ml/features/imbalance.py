"""Imbalance: how one-sided the trading was."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.moving import ratio, total
from trading_ml.features.signed_volume import By, Deviation, signed


def imbalance(*, period: Annotated[int, Field(ge=1)] = 20, by: By = "side", deviation: Deviation = 50) -> pl.Expr:
    """Signed volume over volume, of the last `period` bars together.

    Formula: Σ (v⁺ − v⁻) / Σ v, from −1 (all sold) to 1 (all bought); signed as in `signed_volume`.
    Source: T. Chordia, R. Roll, A. Subrahmanyam, Order Imbalance, Liquidity, and Market Returns (2002).
    Units: none. Known at: the bar's close. Null where nothing was traded.

    Args:
        period: Bars in both sums.
        by: How volume is told apart: by the side of each trade, by bulk volume classification, or by the tick rule.
        deviation: Changes of the close that the deviation is taken of; read by bulk only.

    Example:
        >>> bars = pl.DataFrame({"signed_volume": [1.0, -3.0], "volume": [5.0, 3.0]})
        >>> bars.select(imbalance(period=2)).to_series().to_list()
        [None, -0.25]
    """
    return ratio(total(signed(by, deviation), period), total(pl.col("volume"), period))
