"""VPIN: how one-sided trading was from bar to bar, whichever the side."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.moving import ratio, total
from trading_ml.features.signed_volume import By, Deviation, signed


def vpin(*, buckets: Annotated[int, Field(ge=1)] = 50, by: By = "bulk", deviation: Deviation = 50) -> pl.Expr:
    """Volume-synchronised probability of informed trading, each bar being a bucket.

    Formula: Σ |v⁺ − v⁻| / Σ v over the last `buckets` bars; signed as in `signed_volume`, by default by bulk volume
    classification. On volume bars (`volume: 1e5`) it is the published measure; on other bars, buckets count by volume.
    Source: D. Easley, M. López de Prado, M. O'Hara, Flow Toxicity and Liquidity in a High-Frequency World (2012).
    Units: none, from 0 to 1. Known at: the bar's close. Null where nothing was traded.

    Args:
        buckets: Bars in both sums.
        by: How volume is told apart: by the side of each trade, by bulk volume classification, or by the tick rule.
        deviation: Changes of the close that the deviation is taken of; read by bulk only.

    Example:
        >>> bars = pl.DataFrame({"signed_volume": [1.0, -3.0], "volume": [5.0, 3.0]})
        >>> bars.select(vpin(buckets=2, by="side")).to_series().to_list()
        [None, 0.5]
    """
    return ratio(total(signed(by, deviation).abs(), buckets), total(pl.col("volume"), buckets))
