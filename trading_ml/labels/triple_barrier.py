"""Which of three barriers a price meets first: profit, stop, or the end of its time."""

from __future__ import annotations

from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from trading_ml.features.atr import atr
from trading_ml.labels.bounds import bounded
from trading_ml.labels.markers import label
from trading_ml.labels.touch import ABOVE, BELOW, BOTH, NEITHER, touching

Width = Literal["volatility", "atr", "pct", "price"]


@bounded(ahead="horizon")
@label(classes=["no", "yes"])
def triple_barrier(
    *,
    profit: Annotated[float, Field(gt=0)] = 2.0,
    stop: Annotated[float, Field(gt=0)] = 2.0,
    width: Width = "volatility",
    period: Annotated[int, Field(ge=2)] = 20,
    horizon: Annotated[int, Field(ge=1)] = 20,
    side: str = "long",
    ties: Literal["stop", "profit", "null"] = "stop",
    answer: Literal["class", "number", "meta"] = "class",
) -> dict[str, pl.Expr]:
    """Whether the price, from this close on, first meets its profit barrier, its stop barrier, or neither in time.

    Formula: long: above = c[t] + profit·u[t], below = c[t] − stop·u[t]; short: the other way round. The first of the
    bars t+1 … t+horizon with high ≥ above or low ≤ below decides; where none does it is the vertical barrier.
    u is c·σ, the deviation of the log returns of the last `period` bars (volatility), their average true range (atr),
    c / 100 (pct) or 1 (price). Where u is nothing, there is no answer.
    Known at: `label_end`, the close of the touching bar, or of bar t + horizon.
    Source: M. López de Prado, Advances in Financial Machine Learning (2018), 3.3–3.6; he compares closes, here it is
    the bar's range, as an order in the market would be met.

    Args:
        profit: Distance of the profit barrier, in units u.
        stop: Distance of the stop barrier, in units u.
        width: The unit.
        period: Bars of which volatility or average true range are taken.
        horizon: Bars to the vertical barrier.
        side: Which way is profit: long, short, or a column of the bars that is positive for long and negative for
            short; where it is zero or null, there is nothing to judge and no answer.
        ties: The answer where one bar meets profit and stop; by default the loss.
        answer: A class (stop, none, profit), a number (−1, 0, 1), or the meta-label: whether the side paid (profit).

    Example:
        >>> bars = pl.DataFrame({"high": [9.0, 9, 12, 9], "low": [9.0, 9, 9, 7], "close": [9.0, 9, 9, 8]})
        >>> bars = bars.with_columns(ts_close=pl.Series([1, 2, 3, 4]))
        >>> bars.select(**triple_barrier(profit=2, stop=1, width="price", horizon=2)).rows()
        [('profit', 3), ('profit', 3), ('stop', 4), (None, None)]
    """
    way = {"long": pl.lit(1.0), "short": pl.lit(-1.0)}.get(side, pl.col(side).cast(pl.Float64).sign())
    inputs = {"close": pl.col("close"), "unit": _unit(width, period), "way": way}
    close, unit, is_long = pl.col("close"), pl.col("unit"), pl.when(pl.col("way") != 0).then(pl.col("way") > 0)
    above = close + pl.when(is_long).then(profit).when(~is_long).then(stop) * unit
    below = close - pl.when(is_long).then(stop).when(~is_long).then(profit) * unit
    tie = {"stop": BELOW, "profit": ABOVE, "null": None}[ties]
    met = pl.when(pl.col("side") == BOTH).then(tie).otherwise(pl.col("side") * pl.col("way"))
    value, kind = _answered(met, answer)
    found = touching(inputs, horizon, value, kind, above=above, below=below).struct
    return {"barrier": found.field("answer"), "label_end": pl.col("ts_close").gather(found.field("bar"))}


def _unit(width: Width, period: int) -> pl.Expr:
    """What distances are multiples of; null where there is none."""
    close = pl.col("close")
    if width == "volatility":
        unit = close * (close / close.shift(1)).log().rolling_std(period)
    else:
        unit = {"atr": atr(period=period), "pct": close / 100, "price": pl.lit(1.0)}[width]
    return pl.when(unit > close.abs() * 1e-9).then(unit)  # rounding leaves crumbs where the price stood still


def _answered(met: pl.Expr, answer: Literal["class", "number", "meta"]) -> tuple[pl.Expr, type[pl.DataType]]:
    if answer == "meta":
        return met == ABOVE, pl.Boolean
    if answer == "number":
        return met.cast(pl.Float64), pl.Float64
    names = {BELOW: "stop", NEITHER: "none", ABOVE: "profit"}
    return met.replace_strict(names, default=None, return_dtype=pl.String), pl.String
