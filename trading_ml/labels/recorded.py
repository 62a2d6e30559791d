"""Orders as they were recorded: what each brought, and when prices that were seen bear that out."""

from __future__ import annotations

from typing import Literal

import polars as pl

from trading_ml.core.other import Bars
from trading_ml.labels.quotes import ask, bid, half_spread
from trading_ml.labels.touch import NEITHER, touching

PLACED = Bars("1s", kind="orders", fill=False, inside=True, statistics=("side", "limit_price", "stop_price", "profit"))
"""Completed orders by the second in which they were placed; of several in one second the first."""
_INF = float("inf")


def recorded(horizon: int, fill: Literal["spread", "mid"], spread_bps: float, fee_bps: float) -> dict[str, pl.Expr]:
    """`profit`, `pnl` and `label_end` at bar t of the first order that was placed inside bar t + 1.

    A buy that brought a profit was closed at its limit and is over when the bid has been there, one that brought a
    loss when the bid has been at its stop; a sell likewise at the ask, and with `fill: mid` both at the middle. Looked
    through are bars t + 2 … t + `horizon`: in the order's own bar a price may have been there before the order was. A
    level that is seen late, since seconds are missing, ends the order late and never early. One that is not seen ends
    nothing: then there is no answer.

    Args:
        horizon: Bars after the sample's that are looked through.
        fill: What touches a level: the side of the market that closes the order, or its middle.
        spread_bps: Whole spread for bars without quotes.
        fee_bps: Fee on opening and on closing.
    """
    found = [_of_side(sign, horizon - 1, fill, spread_bps, fee_bps).struct for sign in (1, -1)]
    pnl = pl.coalesce(side.field("answer") for side in found)
    over = pl.coalesce(pl.when(side.field("answer").is_not_null()).then(side.field("bar")) for side in found)
    won = pl.when(pnl.is_not_null()).then(_first("profit") > 0)
    return {
        "profit": won.shift(-1),
        "pnl": pnl.shift(-1),
        "label_end": pl.col("ts_close").gather(over).shift(-1),
    }


def _of_side(sign: int, horizon: int, fill: str, spread_bps: float, fee_bps: float) -> pl.Expr:
    """What the orders of one side brought, at the bar in which they were placed; and the bar that shows it."""
    high, low = pl.col("high"), pl.col("low")
    if fill == "spread":  # the quote that a bar closes with is told exactly, others to the last digit of a float
        paid, quote = half_spread(spread_bps) * sign, bid(spread_bps) if sign > 0 else ask(spread_bps)
        high, low = pl.max_horizontal(high - paid, quote), pl.min_horizontal(low - paid, quote)
    own, level, entry = _first("side") == sign, pl.col("level"), pl.col("entry")
    rises = pl.when(own).then((_first("profit") > 0) == (sign > 0))
    inputs = {
        "top": high,
        "bottom": low,
        "rises": rises,
        "level": pl.when(_first("profit") > 0).then(_first("limit_price")).otherwise(_first("stop_price")),
        "entry": _first("open"),
    }
    above = pl.when("rises").then(level).when(~pl.col("rises")).then(_INF)
    below = pl.when("rises").then(-_INF).when(~pl.col("rises")).then(level)
    pnl = sign * (level - entry) - fee_bps / 10_000 * (level.abs() + entry.abs())
    answer = pl.when(pl.col("side") != NEITHER).then(pnl)
    touched = {"above": above, "below": below, "high": pl.col("top"), "low": pl.col("bottom")}
    return touching(inputs, horizon, answer, pl.Float64, **touched)


def _first(column: str) -> pl.Expr:
    return pl.col(f"orders.{column}").list.first()
