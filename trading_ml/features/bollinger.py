"""Bollinger bands, their width, and where the close lies between them."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.kernel import talib
from trading_ml.features.windows import mean


def bollinger(
    *, period: Annotated[int, Field(ge=2, le=100_000)] = 20, width: Annotated[float, Field(gt=0)] = 2.0
) -> dict[str, pl.Expr]:
    """Bands around the moving average, as wide as the closes scatter.

    Formula: middle = mean of the last `period` closes, s their population standard deviation; upper and lower =
    middle ± width · s; width_pct = 100 · (upper − lower) / middle; position = (c − lower) / (upper − lower), known as
    %b: 0 at the lower band, 1 at the upper one, beyond them outside; 0.5 where no close of the window differs.
    Source: J. Bollinger, Bollinger on Bollinger Bands (2001); deviation by TA-Lib (STDDEV).
    Units: price; width_pct in percent of the middle, position none. Known at: the bar's close, from bar `period` on.

    Args:
        period: Bars in the mean and the deviation, this one included.
        width: Standard deviations from the middle to either band.

    Example:
        >>> row = pl.DataFrame({"close": [1.0, 3.0]}).select(**bollinger(period=2)).row(1, named=True)
        >>> row["lower"], row["middle"], row["upper"], row["width_pct"], row["position"]
        (0.0, 2.0, 4.0, 200.0, 0.75)
    """
    close = pl.col("close")
    middle, reach = mean(close, period), talib("STDDEV", close, timeperiod=period, nbdev=width)
    return {
        "lower": middle - reach,
        "middle": middle,
        "upper": middle + reach,
        "width_pct": 200 * reach / middle,
        "position": pl.when(reach == 0).then(0.5).otherwise(0.5 + (close - middle) / (2 * reach)),
    }
