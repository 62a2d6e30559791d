"""The position that hindsight would have held, truly optimal under spread and fee."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from trading_ml.core.compiled import compiled
from trading_ml.labels.bounds import bounded
from trading_ml.labels.markers import label
from trading_ml.labels.once import once
from trading_ml.labels.quotes import ask, bid
from trading_ml.labels.side import Answer, answered
from trading_ml.labels.touch import Numbers, numbers

_DECIDED = pl.Struct({"position": pl.Float64, "bar": pl.UInt32})


@bounded(back="back", ahead="horizon")
@label(classes=["not long", "long"])
def optimal_position_dp(
    *,
    horizon: Annotated[int, Field(ge=1)] = 300,
    back: Annotated[int, Field(ge=1)] = 300,
    fee_bps: Annotated[float, Field(ge=0)] = 0.0,
    spread_bps: Annotated[float, Field(ge=0)] = 0.0,
    answer: Answer = "number",
) -> dict[str, pl.Expr]:
    """The position −1, 0 or +1 after this close on the path of positions that earns most, ever after and ever before.

    Formula: p = argmax Σ p[t]·(mid[t+1] − mid[t]) − |p[t] − p[t−1]|·cost[t], cost = (ask − bid)/2 + mid·fee.
    The dynamic programme over three positions comes down to two numbers. Being one unit longer at t is worth G[t] by
    what came before, and w[t] by what comes after; each step clips them to what a trade would cost:
    G[t] = clip(G[t−1] + mid[t] − mid[t−1], ±cost[t]); w[t] = mid[t+1] − mid[t] + clip(w[t+1], ±cost[t+1]).
    p[t] is the sign of G[t] + w[t]; among equally good paths 0, which is itself one of the best.
    Known at: `label_end`, the close of the first bar from which on all surviving paths agree about p[t], whatever comes
    after. In the same way the past counts only until all paths out of it agree, so p[t] does not depend on where
    the bars begin. Where `horizon` bars ahead or `back` bars before do not decide, the answer is null.
    Source: the recursion is that of N. A. Johnson, A Dynamic Programming Algorithm for the Fused Lasso (2013).

    Args:
        horizon: Bars ahead within which it must be decided.
        back: Bars before that may count.
        fee_bps: Fee for each unit traded, in basis points of the mid.
        spread_bps: Whole spread in basis points of the close, for bars without columns `bid` and `ask`.
        answer: The position as a number, as a side (short, flat, long), or whether it is long.

    Example:
        >>> bars = pl.DataFrame({"close": [9.0, 6, 7, 9, 8, 6, 8, 7], "ts_close": range(8)})
        >>> bars.select(**optimal_position_dp(spread_bps=1000)).rows()[1:5]  # a trade costs about 0.4
        [(1.0, 2), (1.0, 3), (-1.0, 4), (-1.0, 5)]
    """
    quotes, fee = pl.struct(bid(spread_bps), ask(spread_bps)), fee_bps / 10_000
    decided = quotes.map_batches(once(lambda rows: _decide(rows, fee, back, horizon)), return_dtype=_DECIDED)
    position, bar = decided.struct.field("position"), decided.struct.field("bar")
    return {"position": answered(position, answer), "label_end": pl.col("ts_close").gather(bar)}


def _decide(quotes: pl.Series, fee: float, back: int, horizon: int) -> pl.Series:
    bids, asks = (numbers(quotes.struct.field(name)) for name in ("bid", "ask"))
    mid = (bids + asks) / 2
    position, bar = _positions(mid, (asks - bids) / 2 + np.abs(mid) * fee, back, horizon)
    decided = pl.DataFrame({"position": position, "bar": bar})
    known = decided.select_seq(pl.when(pl.col("bar") >= 0).then(pl.col("position", "bar")))
    return known.cast({"bar": pl.UInt32}).to_struct(quotes.name)


@compiled
def _positions(mid: Numbers, cost: Numbers, back: int, horizon: int) -> tuple[Numbers, NDArray[np.int64]]:
    """Positions and the rows that decide them, −1 where none does; bars narrow down intervals of G and of w."""
    rows = len(mid)
    position, bar = np.zeros(rows), np.full(rows, -1, np.int64)
    for t in range(rows):
        if np.isnan(mid[t] + cost[t]):
            continue
        least, most = -cost[t], cost[t]
        for k in range(t - 1, max(t - back, 0) - 1, -1):
            if least == most:
                break
            change = mid[t] - mid[k]  # NaN narrows nothing
            least, most = min(most, max(least, change - cost[k])), max(least, min(most, change + cost[k]))
        worst, best = -np.inf, np.inf
        for k in range(t + 1, min(t + horizon + 1, rows)):
            change = mid[k] - mid[t]
            worst, best = min(best, max(worst, change - cost[k])), max(worst, min(best, change + cost[k]))
            if least + worst > 0 or most + best < 0 or (least == most and worst == best):
                position[t] = np.sign(least + worst) if least + worst > 0 else np.sign(most + best)
                bar[t] = k
                break
    return position, bar
