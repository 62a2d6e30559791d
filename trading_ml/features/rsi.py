"""Relative strength index."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.kernel import talib
from trading_ml.features.parts import still


def rsi(*, period: Annotated[int, Field(ge=2, le=100_000)] = 14) -> pl.Expr:
    """Share of the rises among all moves of the close, recent ones counting most.

    Formula: rsi = 100 · u / (u + d), u and d being Wilder's running means (each bar counts 1 / period, seeded with the
    plain mean) of the rises and of the falls of the close. It is 50 where the close has not moved for `period` bars;
    TA-Lib there keeps what it was when it last moved, however long ago.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978); computed by TA-Lib (RSI).
    Units: none, 0 to 100. Known at: the bar's close.

    Args:
        period: Bars of the running means.

    Example:
        >>> bars = pl.DataFrame({"close": [1.0, 4.0, 3.0]})
        >>> bars.select(rsi(period=2)).to_series().to_list()  # of moves by 3 and 1, 3 are up
        [None, None, 75.0]
    """
    return pl.when(still(pl.col("close").diff(), period)).then(50.0).otherwise(talib("RSI", "close", timeperiod=period))
