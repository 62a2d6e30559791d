"""Signed volume: who was in a hurry, those who bought or those who sold."""

from __future__ import annotations

from math import erf, sqrt
from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import Field

from trading_ml.core.compiled import compiled
from trading_ml.features.moving import Numbers, computed, flat, total

By = Literal["side", "bulk", "tick"]
Deviation = Annotated[int, Field(ge=2)]


def signed_volume(*, period: Annotated[int, Field(ge=1)] = 1, by: By = "side", deviation: Deviation = 50) -> pl.Expr:
    """Volume bought less volume sold by those who took liquidity, over the last `period` bars.

    Formula: v⁺ − v⁻, summed. By side: the bar statistic `signed_volume`, which a project asks for under `statistics`.
    By bulk, from prices alone: v · (2Φ(Δc/σ) − 1), Φ the normal distribution and σ the sample deviation of the last
    `deviation` changes of the close; where these are all the same, v · sign(Δc). By tick: v · sign(Δc).
    Source: D. Easley, M. López de Prado, M. O'Hara, Flow Toxicity and Liquidity in a High-Frequency World (2012).
    Units: size. Known at: the bar's close. A bar without trades counts as zero.

    Args:
        period: Bars in the sum.
        by: How volume is told apart: by the side of each trade, by bulk volume classification, or by the tick rule.
        deviation: Changes of the close that the deviation is taken of; read by bulk only.

    Example:
        >>> bars = pl.DataFrame({"close": [1.0, 2.0, 1.5], "volume": [5.0, 6.0, 7.0]})
        >>> bars.select(signed_volume(by="tick")).to_series().to_list()
        [None, 6.0, -7.0]
    """
    flow = signed(by, deviation)
    return total(flow, period) if period > 1 else flow


def signed(by: By, deviation: int) -> pl.Expr:
    """Signed volume of each bar."""
    if by == "side":
        return pl.col("signed_volume")
    change = pl.col("close").diff()
    if by == "tick":
        return pl.col("volume") * change.sign()
    score = change / (change.rolling_std(deviation) * sqrt(2))
    share = pl.when(flat(change, deviation)).then(change.sign()).otherwise(computed(_erf, score))
    return pl.col("volume") * share


@compiled
def _erf(values: Numbers) -> Numbers:
    """2Φ(z) − 1 is erf(z/√2), which Polars does not have."""
    out = np.empty(len(values))
    for row in range(len(values)):
        out[row] = erf(values[row])
    return out
