"""Amihud's illiquidity: how far a little money moves the price."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.log_return import log_return
from trading_ml.features.moving import ratio, total

_MILLION = 1e6


def amihud(*, period: Annotated[int, Field(ge=1)] = 20) -> pl.Expr:
    """Mean of absolute return over money traded, over those of the last `period` bars that traded.

    Formula: 10⁶ · mean(|r| / (c · v)), r the log return from close to close.
    Source: Y. Amihud, Illiquidity and Stock Returns (2002).
    Units: return per million of the price's currency. Known at: the bar's close. Null where none of the bars traded.

    Args:
        period: Bars looked at.

    Example:
        >>> bars = pl.DataFrame({"close": [1.0, 2.0, 2.0], "volume": [9.0, 1e5, 0.0]})
        >>> round(bars.select(amihud(period=2)).item(2, 0), 12)  # ln 2 per 0.2 million; the last bar did not trade
        3.4657359028
    """
    money = pl.col("close") * pl.col("volume")
    traded = (money != 0).cast(pl.Float64)
    impact = pl.when(money != 0).then(log_return().abs() / money).otherwise(0.0)
    return _MILLION * ratio(total(impact, period), total(traded, period))
