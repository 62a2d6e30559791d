"""Donchian channel, its width, and where the close lies in it."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.parts import position
from trading_ml.features.windows import largest, smallest


def donchian(*, period: Annotated[int, Field(ge=1)] = 20) -> dict[str, pl.Expr]:
    """Highest high and lowest low of the last `period` bars, this one included.

    Formula: upper = max(h[t] … h[t−period+1]); lower = min(l[t] … l[t−period+1]); middle = (upper + lower) / 2;
    width_pct = 100 · (upper − lower) / middle; position = (c − lower) / (upper − lower), from 0 to 1; 0.5 where the
    channel has no width.
    Source: R. D. Donchian, High Finance in Copper, Financial Analysts Journal (1960).
    Units: price; width_pct in percent of the middle, position none. Known at: the bar's close, from bar `period` on.

    Args:
        period: Bars of the channel.

    Example:
        >>> bars = pl.DataFrame({"high": [5.0, 4.0], "low": [3.0, 1.0], "close": [3.0, 2.0]})
        >>> row = bars.select(**donchian(period=2)).row(1, named=True)
        >>> row["lower"], row["middle"], row["upper"], round(row["width_pct"], 9), row["position"]
        (1.0, 3.0, 5.0, 133.333333333, 0.25)
    """
    lower, upper = smallest(pl.col("low"), period), largest(pl.col("high"), period)
    middle = (lower + upper) / 2
    return {
        "lower": lower,
        "middle": middle,
        "upper": upper,
        "width_pct": 100 * (upper - lower) / middle,
        "position": position(pl.col("close"), lower, upper),
    }
