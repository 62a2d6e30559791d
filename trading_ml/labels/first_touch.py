"""Which way a price first goes far enough."""

from __future__ import annotations

from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from trading_ml.labels.bounds import bounded
from trading_ml.labels.markers import label
from trading_ml.labels.touch import ABOVE, BELOW, BOTH, NEITHER, touching


@bounded(ahead="horizon")
@label(classes=["down", "up"])
def first_touch(
    *,
    pct: Annotated[float, Field(gt=0, lt=100)] = 2.5,
    horizon: Annotated[int, Field(ge=1)] = 1440,
    ties: Literal["null", "up", "down"] = "null",
    untouched: Literal["null", "none"] = "null",
) -> dict[str, pl.Expr]:
    """Whether the price first rises or first falls by `pct` percent, from the open of the next bar on.

    Formula: up = o[t+1]·(1 + pct/100), down = o[t+1]·(1 − pct/100); the first of the bars t+1 … t+horizon with
    high ≥ up or low ≤ down decides. A bar that reaches both does not tell which came first: `ties` does.
    Known at: `label_end`, the close of the touching bar, or of bar t + horizon where neither is touched.
    Source: the labels of Epoch Builder's prediction models, which look at 1-minute candles and test the high first
    (`ties: up`).

    Args:
        pct: Distance of the two levels from the open, in percent of it.
        horizon: Bars after which neither counts as touched.
        ties: The answer where one bar reaches both levels; null is none, up is the original's.
        untouched: The answer where neither is touched; none makes it a class of its own, and classes text.

    Example:
        >>> bars = pl.DataFrame({"open": [10.0, 10, 10], "high": [10.0, 10.2, 10.6], "low": [10.0, 9.8, 10.0]})
        >>> bars.with_columns(ts_close=pl.Series([1, 2, 3])).select(**first_touch(pct=5, horizon=2)).rows()
        [(True, 3), (True, 3), (None, None)]
    """
    start, side = pl.col("start"), pl.col("side").replace(BOTH, {"null": None, "up": ABOVE, "down": BELOW}[ties])
    answer, kind = pl.when(side != NEITHER).then(side == ABOVE), pl.Boolean
    if untouched == "none":
        names, kind = {BELOW: "down", NEITHER: "none", ABOVE: "up"}, pl.String
        answer = side.replace_strict(names, default=None, return_dtype=kind)
    above, below = start * (1 + pct / 100), start * (1 - pct / 100)
    inputs = {"start": pl.col("open").shift(-1)}
    found = touching(inputs, horizon, answer, kind, above=above, below=below).struct
    return {"first": found.field("answer"), "label_end": pl.col("ts_close").gather(found.field("bar"))}
