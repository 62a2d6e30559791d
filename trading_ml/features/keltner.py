"""Keltner channel, its width, and where the close lies in it."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.atr import atr
from trading_ml.features.kernel import talib
from trading_ml.features.parts import still
from trading_ml.features.true_range import true_range


def keltner(
    *,
    period: Annotated[int, Field(ge=1, le=100_000)] = 20,
    atr_period: Annotated[int, Field(ge=1, le=100_000)] = 10,
    width: Annotated[float, Field(gt=0)] = 2.0,
) -> dict[str, pl.Expr]:
    """Bands around the exponential moving average, as wide as bars usually range.

    Formula: middle = ema(c, period); upper and lower = middle ± width · atr(atr_period); width_pct =
    100 · (upper − lower) / middle; position = (c − lower) / (upper − lower): 0 at the lower band, 1 at the upper one,
    beyond them outside; 0.5 where the price has stood still for the longer of the two periods.
    Source: C. W. Keltner, How to Make Money in Commodities (1960), in the form of L. Bradford Raschke; average by
    TA-Lib (EMA).
    Units: price; width_pct in percent of the middle, position none. Known at: the bar's close.

    Args:
        period: Bars of the average.
        atr_period: Bars of the average true range.
        width: Average true ranges from the middle to either band.

    Example:
        >>> bars = pl.DataFrame({"high": [3.0, 5.0], "low": [1.0, 4.0], "close": [2.0, 4.0]})
        >>> row = bars.select(**keltner(period=2, atr_period=1, width=1)).row(1, named=True)
        >>> row["lower"], row["middle"], row["upper"], row["width_pct"], round(row["position"], 9)
        (0.0, 3.0, 6.0, 200.0, 0.666666667)
    """
    close, middle, reach = pl.col("close"), talib("EMA", "close", timeperiod=period), width * atr(period=atr_period)
    at_rest = still(true_range(), max(period, atr_period))
    return {
        "lower": middle - reach,
        "middle": middle,
        "upper": middle + reach,
        "width_pct": 200 * reach / middle,
        "position": pl.when(at_rest).then(0.5).otherwise(0.5 + (close - middle) / (2 * reach)),
    }
