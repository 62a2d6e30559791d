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


def earliest(name: str) -> pl.Expr:
    """Over several bars: that of the first one."""
    return pl.col(name).first()


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
    kind: Literal["trades", "quotes", "orders"] = "trades"
    """The ticks of which it says something."""
    hindsight: bool = False
    """Whether it became known only after its bar: then no feature may look at it."""


_BOUGHT, _SOLD = pl.col("side") == "buy", pl.col("side") == "sell"
_ANOTHER = pl.col("side").is_null() | pl.any_horizontal(
    pl.col(name).ne_missing(pl.col(name).shift()) for name in ("ts_event", "side")
)
_SPREAD = pl.col("ask") - pl.col("bid")
_TYPE = pl.col("type").str.to_lowercase()
_SIDE = pl.when(_TYPE.str.starts_with("b")).then(1.0).when(_TYPE.str.starts_with("s")).then(-1.0)
_LIMIT = pl.coalesce("limit_price", pl.col("price") + _SIDE * pl.col("limit"))
_STOP = pl.coalesce("stop_price", pl.col("price") - _SIDE * pl.col("stop"))
_ENDED = pl.col("loss_or_profit").str.to_lowercase()
_AMOUNT = _ENDED.cast(pl.Float64, strict=False)
_WON = pl.when(_ENDED.str.starts_with("p") | (_AMOUNT > 0)).then(1.0)
_LOST = pl.when(_ENDED.str.starts_with("l") | (_AMOUNT <= 0)).then(0.0)


def _told(column: str) -> Statistic:
    """What a venue tells with its quotes, as it last said."""
    name = column if column == "mid_open" else f"day_{column}"
    return Statistic((column,), pl.col(column).drop_nulls().last(), latest, pl.col(name).forward_fill(), "quotes")


def _of_order(*reads: str, value: pl.Expr, hindsight: bool = False) -> Statistic:
    """Something about the first order placed in a bar."""
    return Statistic(reads, value.first(), earliest, pl.lit(None, pl.Float64), "orders", hindsight)


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
    "mid_open": _told("mid_open"),
    "day_high": _told("high"),
    "day_low": _told("low"),
    "side": _of_order("type", value=_SIDE),
    "limit_price": _of_order("type", "price", "limit", "limit_price", value=_LIMIT),
    "stop_price": _of_order("type", "price", "stop", "stop_price", value=_STOP),
    "profit": _of_order("loss_or_profit", value=pl.coalesce(_WON, _LOST), hindsight=True),
}
"""What a project may name under `statistics`.

`signed_volume`: Σ size of buyer-initiated less seller-initiated trades, those of unknown side left out.
`buy_trades`, `sell_trades`: how many trades each side initiated.
`odd_lot_share`: share of the trades, by number, that are smaller than `ODD_LOT`; 0 in a filled bar.
`order_count`: incoming orders. Consecutive trades of one stamp and one side count as one order that took several
resting ones, since trades seldom name the orders behind them; each trade of unknown side counts as an order.
`mean_spread`, `last_spread`: ask − bid in price units, its mean over the quotes of a bar (each weighing the same,
however long it stood), and that of its last quote. In a filled bar both are the spread that still stands.
`mid_open`, `day_high`, `day_low`: the day's opening mid, high and low, where quotes tell them (IG's do), as last told.
`side`, `limit_price`, `stop_price`, `profit`: of the first order that was placed in the bar, +1 for a buy and −1 for a
sell, where its limit and its stop stand, and whether it brought a profit (1) or a loss (0). How an order ended is told
in the bar in which it was placed, long before it was known: features are refused it, and a label that reads it has to
end when the order did.
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
