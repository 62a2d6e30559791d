"""Bar statistics a project may add: each one an aggregation over the ticks of a bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from trading_ml.ticks.ranges import Ints

ODD_LOT = 100
"""Shares in a round lot of a US equity; a trade of fewer is an odd lot."""


def total(name: str) -> pl.Expr:
    """Over several bars: the sum."""
    return pl.col(name).sum()


def average(name: str) -> pl.Expr:
    """Over several bars: the mean, each bar weighing as many ticks as it has."""
    return (pl.col(name) * pl.col("trades")).sum() / pl.col("trades").sum()


def latest(name: str) -> pl.Expr:
    """Over several bars: that of the last one."""
    return pl.col(name).last()


class Statistic(NamedTuple):
    """A column of bars: computed from columns of ticks, or from the same column of finer bars."""

    reads: tuple[str, ...]
    """Columns of the ticks that `value` needs."""
    value: pl.Expr
    """Over the ticks of one bar, which are never none."""
    merged: Callable[[str], pl.Expr] = total
    """Over the finer bars that make up a coarser one, by the column's name."""
    empty: pl.Expr = pl.lit(0.0)
    """Of a filled bar, by its other columns."""
    kind: Literal["trades", "quotes"] = "trades"
    """The ticks of which it says something."""


_BOUGHT, _SOLD = pl.col("side") == "buy", pl.col("side") == "sell"
_ANOTHER = pl.col("side").is_null() | pl.any_horizontal(
    pl.col(name).ne_missing(pl.col(name).shift()) for name in ("ts_event", "side")
)
_SPREAD = pl.col("ask") - pl.col("bid")

STATISTICS: dict[str, Statistic] = {
    "signed_volume": Statistic(
        ("side", "size"), pl.col("size").filter(_BOUGHT).sum() - pl.col("size").filter(_SOLD).sum()
    ),
    "buy_trades": Statistic(("side",), _BOUGHT.sum().cast(pl.Float64)),
    "sell_trades": Statistic(("side",), _SOLD.sum().cast(pl.Float64)),
    "odd_lot_share": Statistic(("size",), (pl.col("size") < ODD_LOT).mean(), average),
    "order_count": Statistic(("ts_event", "side"), _ANOTHER.sum().cast(pl.Float64)),
    "mean_spread": Statistic(("bid", "ask"), _SPREAD.mean(), average, _SPREAD, "quotes"),
    "last_spread": Statistic(("bid", "ask"), _SPREAD.last(), latest, _SPREAD, "quotes"),
}
"""What a project may name under `statistics`.

`signed_volume`: Σ size of buyer-initiated less seller-initiated trades, those of unknown side left out.
`buy_trades`, `sell_trades`: how many trades each side initiated.
`odd_lot_share`: share of the trades, by number, that are smaller than `ODD_LOT`; 0 in a filled bar.
`order_count`: incoming orders. Consecutive trades of one stamp and one side count as one order that took several
resting ones, since trades seldom name the orders behind them; each trade of unknown side counts as an order.
`mean_spread`, `last_spread`: ask − bid in price units, its mean over the quotes of a bar (each weighing the same,
however long it stood), and that of its last quote. In a filled bar both are the spread that still stands.
"""


def reads(names: Sequence[str]) -> tuple[str, ...]:
    """Columns of the ticks that the statistics need."""
    return tuple(dict.fromkeys(column for name in names for column in STATISTICS[name].reads))


def evaluate(ticks: pl.DataFrame, starts: Ints, names: Sequence[str]) -> pl.DataFrame:
    """The statistics over consecutive ranges of ticks, one row for each start."""
    lengths = np.diff(np.append(starts, ticks.height))
    bar = pl.Series("bar", np.repeat(np.arange(len(starts)), lengths))
    values = {name: STATISTICS[name].value for name in names}
    return ticks.with_columns(bar).group_by("bar", maintain_order=True).agg(**values).drop("bar")
