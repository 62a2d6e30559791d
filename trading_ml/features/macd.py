"""Moving average convergence and divergence."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.kernel import talib


def macd(
    *,
    fast: Annotated[int, Field(ge=1, le=100_000)] = 12,
    slow: Annotated[int, Field(ge=1, le=100_000)] = 26,
    signal: Annotated[int, Field(ge=1, le=100_000)] = 9,
) -> dict[str, pl.Expr]:
    """Difference of a fast and a slow exponential moving average, its own average, and how far the two are apart.

    Formula: macd = ema(c, fast) − ema(c, slow); signal = ema(macd, signal); histogram = macd − signal; and each in
    percent of the close. (TA-Lib's own MACD starts the fast average later; they forget that alike.)
    Source: G. Appel, The Moving Average Convergence-Divergence Method (1979); averages by TA-Lib (EMA).
    Units: price; `…_pct` in percent of the close. Known at: the bar's close.

    Args:
        fast: Bars of the fast average.
        slow: Bars of the slow average.
        signal: Bars of the average of the difference.

    Example:
        >>> closes = pl.DataFrame({"close": [1.0, 2.0, 4.0]})
        >>> row = closes.select(**macd(fast=1, slow=2, signal=1)).row(2)  # 4 − (1.5 + (4 − 1.5) · 2 / 3)
        >>> [round(value, 9) for value in row]
        [0.833333333, 0.833333333, 0.0, 20.833333333, 20.833333333, 0.0]
    """
    line = talib("EMA", "close", timeperiod=fast) - talib("EMA", "close", timeperiod=slow)
    average = talib("EMA", line, timeperiod=signal)
    lines = {"macd": line, "signal": average, "histogram": line - average}
    return lines | {f"{name}_pct": 100 * value / pl.col("close") for name, value in lines.items()}
