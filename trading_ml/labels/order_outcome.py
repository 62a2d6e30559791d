"""What an order with a stop and a limit would have brought."""

from __future__ import annotations

from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from trading_ml.features.markers import needs
from trading_ml.labels.bounds import bounded
from trading_ml.labels.markers import label
from trading_ml.labels.quotes import half_spread, mid
from trading_ml.labels.recorded import PLACED, recorded
from trading_ml.labels.touch import ABOVE, BELOW, BOTH, NEITHER, touching


@needs({"orders": "recorded"}, orders=PLACED)
@bounded(ahead="horizon")
@label(classes=["loss", "profit"])
def order_outcome(
    *,
    orders: Literal["simulated", "recorded"] = "simulated",
    side: Literal["buy", "sell"] = "buy",
    stop: Annotated[float, Field(gt=0)] = 1.0,
    limit: Annotated[float, Field(gt=0)] = 1.0,
    unit: Literal["pct", "price"] = "pct",
    horizon: Annotated[int, Field(ge=1)] = 1440,
    fill: Literal["spread", "mid"] = "spread",
    spread_bps: Annotated[float, Field(ge=0)] = 0.0,
    fee_bps: Annotated[float, Field(ge=0)] = 0.0,
    ties: Literal["stop", "limit", "null"] = "stop",
    at_horizon: Literal["market", "null"] = "market",
    answer: Literal["profit", "pnl"] = "profit",
) -> dict[str, pl.Expr]:
    """Profit or loss of an order with a stop and a limit: one sent at this close, or one that was recorded after it.

    Formula: a buy is filled at e = ask[t]; the first of the bars t+1 … t+horizon whose bid reaches e + limit or falls
    to e − stop closes it at that level; else it is closed at bid[t+horizon]. A sell is filled at the bid and closed at
    the ask, with stop above and limit below. pnl = ±(exit − e) − fee·(e + exit); profit = pnl > 0, and nothing won or
    lost is no answer. A bar's bid reaches from its low to its high, less half of the spread at its close.
    With `orders: recorded` it is asked about the first of the instrument's completed orders that was placed inside bar
    t+1: profit is what its record says, pnl what the level that closed it means for its price. It is over when the
    first of the bars t+2 … t+horizon shows the price at that level; where none does, there is no answer.
    Units: price for one unit traded. Known at: `label_end`, the close of the bar that closes the order.
    Source: the orders of AWS's demonstration of training on streaming data, which fills and closes at the middle
    (`fill: mid`, `stop: 10`, `limit: 10`, `unit: price`).

    Args:
        orders: Simulated at every bar, by the parameters below; or recorded, each with its own side, stop and limit, so
            that only horizon, fill, spread, fee and answer count.
        side: What the order does first.
        stop: Distance of the stop from the fill.
        limit: Distance of the limit from the fill.
        unit: Distances are percent of the fill, or price.
        horizon: Bars after which the order is closed at the market.
        fill: Fills and closes pay the spread, or happen at the middle.
        spread_bps: Whole spread in basis points of the close, for bars without columns `bid` and `ask`.
        fee_bps: Fee on opening and on closing, in basis points of the price.
        ties: What closes the order where one bar reaches both levels; by default the stop.
        at_horizon: Close the order after `horizon` bars, or give no answer.
        answer: Whether it brought a profit, or how much.

    Example:
        >>> bars = pl.DataFrame({"high": [9.0, 10, 12], "low": [9.0, 9, 9], "close": [9.0, 10, 10]})
        >>> bars = bars.with_columns(ts_close=pl.Series([1, 2, 3]))
        >>> bars.select(**order_outcome(stop=1, limit=2, unit="price", horizon=2, answer="pnl")).rows()
        [(2.0, 3), (-1.0, 3), (None, None)]
    """
    if orders == "recorded":
        told = recorded(horizon, fill, spread_bps, fee_bps)
        return {answer: told[answer], "label_end": told["label_end"]}
    sign, entry, paid = 1 if side == "buy" else -1, pl.col("entry"), pl.col("paid")
    cost = (half_spread(spread_bps) if fill == "spread" else pl.lit(0.0)) * sign
    inputs = {"entry": mid(spread_bps) + cost, "paid": cost}
    scale = entry.abs() / 100 if unit == "pct" else pl.lit(1.0)
    target, guard = entry + sign * limit * scale, entry - sign * stop * scale
    above, below = (target, guard) if side == "buy" else (guard, target)
    high, low = pl.col("high") - paid, pl.col("low") - paid
    tie = {"stop": -sign, "limit": sign, "null": None}[ties]
    leave = _exit(tie, late=at_horizon == "market")
    pnl = sign * (leave - entry) - fee_bps / 10_000 * (leave.abs() + entry.abs())
    value, kind = (pnl, pl.Float64) if answer == "pnl" else (pl.when(pnl != 0).then(pnl > 0), pl.Boolean)
    found = touching(inputs, horizon, value, kind, above=above, below=below, high=high, low=low).struct
    return {answer: found.field("answer"), "label_end": pl.col("ts_close").gather(found.field("bar"))}


def _exit(tie: int | None, late: bool) -> pl.Expr:
    """The price at which an order is closed: at a level, or at the market of the bar at which its time is over."""
    side = pl.col("side").replace(BOTH, tie)
    market = (pl.col("entry") - 2 * pl.col("paid")).gather(pl.col("bar")) if late else None
    touched = pl.when(side == ABOVE).then(pl.col("above")).when(side == BELOW).then(pl.col("below"))
    return touched.when(side == NEITHER).then(market)
