"""Average directional index, and the two directional indicators it is made of."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.kernel import talib
from trading_ml.features.parts import still

_LARGE = 2.0**40
"""No quotient notices it, nor does rounding; TA-Lib takes a range below 10^-14 for none, and some prices are tiny."""


def adx(*, period: Annotated[int, Field(ge=2, le=100_000)] = 14) -> dict[str, pl.Expr]:
    """How one-sided the highs and lows have been moving, and to which side.

    Formula: a bar moves up by h[t] − h[t−1] or down by l[t−1] − l[t], whichever is larger, if it is above zero; m being
    Wilder's running mean (each bar counts 1 / period): plus_di = 100 · m(up) / m(tr), minus_di = 100 · m(down) / m(tr),
    dx = 100 · |plus_di − minus_di| / (plus_di + minus_di), adx = m(dx), seeded with the first dx. After `period` bars
    without a true range both indicators are 0, and after as many without a move dx is; TA-Lib there keeps the
    quotients of the last moves, however long ago, and is otherwise the same but for the seed.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978); computed by TA-Lib (PLUS_DI, MINUS_DI,
    DX).
    Units: none, 0 to 100. Known at: the bar's close.

    Args:
        period: Bars of the running means.

    Example:
        >>> prices = {"high": [3.0, 5.0, 6.0], "low": [1.0, 3.0, 1.0], "close": [2.0, 5.0, 3.0]}
        >>> row = pl.DataFrame(prices).select(**adx(period=2)).row(2)  # up 2 · ½, down 2, of ranges 3 · ½ + 5
        >>> [round(value, 9) for value in row]
        [33.333333333, 15.384615385, 30.769230769]
    """
    prices = [pl.col(name) * _LARGE for name in ("high", "low", "close")]
    at_rest = still(talib("TRANGE", *prices), period)
    indicator = lambda name: pl.when(at_rest).then(0.0).otherwise(talib(name, *prices, timeperiod=period))
    moves = talib("PLUS_DM", *prices[:2], timeperiod=1) + talib("MINUS_DM", *prices[:2], timeperiod=1)
    dx = pl.when(still(moves, period)).then(0.0).otherwise(talib("DX", *prices, timeperiod=period))
    return {
        "adx": dx.ewm_mean(alpha=1 / period, adjust=False),
        "plus_di": indicator("PLUS_DI"),
        "minus_di": indicator("MINUS_DI"),
    }
