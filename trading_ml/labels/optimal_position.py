"""The position that hindsight would have held, by a rule: sell above all that follows, buy below it."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.core.errors import BadParams
from trading_ml.labels.bounds import bounded
from trading_ml.labels.markers import label
from trading_ml.labels.quotes import ask, bid, mid
from trading_ml.labels.side import Answer, answered


@bounded(back="carry")
@label(classes=["not long", "long"])
def optimal_position(
    *,
    horizon: Annotated[int, Field(ge=1)] = 300,
    first: Annotated[int, Field(ge=1)] = 3,
    carry: Annotated[int, Field(ge=0)] = 1440,
    spread_bps: Annotated[float, Field(ge=0)] = 0.0,
    answer: Answer = "number",
) -> dict[str, pl.Expr]:
    """Short where the bid is above every mid to come, long where the ask is below; else as the bar before.

    Formula: position = −1 if bid[t] > max(mid[t+first … t+horizon]), +1 if ask[t] < min(mid[t+first … t+horizon]),
    else the position of bar t − 1; 0 before the first signal.
    Known at: `label_end`, the close of bar t + horizon.
    Source: the rule of epython's optimal position, with horizon 300 and first 3. It carries a signal on without end;
    here a signal ends after `carry` bars, so that a position depends on a bounded past. What is lost are positions
    held longer than that without a new signal (they become 0), and in a table the first `carry` bars.

    Args:
        horizon: Bars ahead, the last one that counts.
        first: Bars ahead, the first one that counts; at most `horizon`.
        carry: Bars for which a signal is carried on.
        spread_bps: Whole spread in basis points of the close, for bars without columns `bid` and `ask`.
        answer: The position as a number, as a side (short, flat, long), or whether it is long.

    Example:
        >>> bars = pl.DataFrame({"close": [9.0, 9, 9, 8, 9, 9, 9], "ts_close": range(7)})
        >>> rows = bars.select(**optimal_position(horizon=2, first=1)).rows()
        >>> rows[1:6]  # at bar 3 the price is below what follows
        [(0.0, 3), (0.0, 4), (1.0, 5), (1.0, 6), (None, None)]
    """
    if first > horizon:
        raise BadParams("optimal_position.first", f"is {first}, beyond the horizon {horizon}", "make it at most that")
    middle, end = mid(spread_bps), pl.col("ts_close").shift(-horizon)
    ahead = horizon - first + 1
    highest = middle.rolling_max(ahead).shift(-horizon)
    lowest = middle.rolling_min(ahead).shift(-horizon)
    signal = pl.when(bid(spread_bps) > highest).then(-1.0).when(ask(spread_bps) < lowest).then(1.0)
    position = (signal.forward_fill(carry) if carry else signal).fill_null(0.0)
    return {"position": answered(pl.when(end.is_not_null()).then(position), answer), "label_end": end}
