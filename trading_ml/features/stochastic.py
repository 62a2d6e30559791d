"""Stochastic oscillator."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.parts import position
from trading_ml.features.windows import largest, mean, smallest


def stochastic(
    *,
    period: Annotated[int, Field(ge=1)] = 14,
    smooth: Annotated[int, Field(ge=1)] = 3,
    signal: Annotated[int, Field(ge=1)] = 3,
) -> dict[str, pl.Expr]:
    """Where the close lies in the range of the last `period` bars, smoothed, and its moving average.

    Formula: raw = 100 · (c − lowest low) / (highest high − lowest low) of the last `period` bars, 50 where they have no
    range (0 in TA-Lib); k = mean of the last `smooth` raw values; d = mean of the last `signal` values of k.
    Source: G. C. Lane, Lane's Stochastics, Technical Analysis of Stocks & Commodities (1984).
    Units: none, 0 to 100. Known at: the bar's close, from bar `period` + `smooth` + `signal` − 2 on.

    Args:
        period: Bars of the range.
        smooth: Bars over which k is smoothed; 1 gives the fast oscillator.
        signal: Bars over which k is averaged to d.

    Example:
        >>> bars = pl.DataFrame({"high": [5.0, 4.0], "low": [3.0, 1.0], "close": [3.0, 2.0]})
        >>> bars.select(**stochastic(period=2, smooth=1, signal=1)).row(1)
        (25.0, 25.0)
    """
    lowest, highest = smallest(pl.col("low"), period), largest(pl.col("high"), period)
    k = mean(100 * position(pl.col("close"), lowest, highest), smooth)
    return {"k": k, "d": mean(k, signal)}
