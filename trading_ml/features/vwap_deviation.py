"""How far the price is from what was paid on average."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import Field

from trading_ml.core.time import local_date
from trading_ml.features.parts import percent
from trading_ml.features.windows import largest, summed


def vwap_deviation(
    *,
    anchor: Literal["bars", "day"] = "bars",
    period: Annotated[int, Field(ge=1)] = 60,
    zone: str = "UTC",
) -> dict[str, pl.Expr]:
    """The volume-weighted average price, and the distance of the close from it.

    Formula: vwap = Σ w · v / Σ v over the last `period` bars, or over the day's bars up to this one, w being a bar's
    own `vwap` and v its volume; deviation_pct = 100 · (c − vwap) / vwap. Null where nothing has traded.
    Source: S. A. Berkowitz, D. E. Logue, E. A. Noser, The Total Cost of Transactions on the NYSE (1988).
    Units: price; deviation_pct in percent of the average. Known at: the bar's close.

    Args:
        anchor: Average over the last `period` bars, or from the beginning of the day on.
        period: Bars in the average, this one included; of no effect when anchored at the day.
        zone: IANA time zone whose midnight begins the day; of no effect when the average is over bars.

    Example:
        >>> bars = pl.DataFrame({"vwap": [1.0, 4.0], "volume": [2.0, 1.0], "close": [1.0, 5.0]})
        >>> bars.select(**vwap_deviation(period=2)).row(1)  # (1 · 2 + 4 · 1) / 3
        (2.0, 150.0)
    """
    volume, paid = pl.col("volume"), pl.col("vwap") * pl.col("volume")
    if anchor == "day":
        day = local_date("ts_open", ZoneInfo(zone).key)
        total, traded = (amount.cum_sum().over(day) for amount in (paid, volume))
    else:
        total, traded = (summed(amount, period) for amount in (paid, volume))
        traded = pl.when(largest(volume, period) > 0).then(traded)  # rounding may leave a sum of zeros above zero
    vwap = total / pl.when(traded > 0).then(traded)
    return {"vwap": vwap, "deviation_pct": percent(pl.col("close"), vwap)}
