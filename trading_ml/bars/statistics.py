"""Bar statistics a project may add: each one an aggregation over the ticks of a bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from trading_ml.ticks.ranges import Ints


class Statistic(NamedTuple):
    """A column of bars computed from columns of trades; over no trade at all it must still have its value."""

    reads: tuple[str, ...]
    value: pl.Expr


STATISTICS: dict[str, Statistic] = {
    "signed_volume": Statistic(
        ("side", "size"),
        pl.col("size").filter(pl.col("side") == "buy").sum() - pl.col("size").filter(pl.col("side") == "sell").sum(),
    ),
    "buy_trades": Statistic(("side",), (pl.col("side") == "buy").sum().cast(pl.Float64)),
    "sell_trades": Statistic(("side",), (pl.col("side") == "sell").sum().cast(pl.Float64)),
}
"""`signed_volume`: Σ size of buyer-initiated less seller-initiated trades, those of unknown side left out."""


def reads(names: Sequence[str]) -> tuple[str, ...]:
    """Columns of the ticks that the statistics need."""
    return tuple(dict.fromkeys(column for name in names for column in STATISTICS[name].reads))


def evaluate(ticks: pl.DataFrame, starts: Ints, names: Sequence[str]) -> pl.DataFrame:
    """The statistics over consecutive ranges of ticks, one row for each start."""
    lengths = np.diff(np.append(starts, ticks.height))
    bar = pl.Series("bar", np.repeat(np.arange(len(starts)), lengths))
    grouped = ticks.with_columns(bar).group_by("bar", maintain_order=True).agg(**_values(names))
    return grouped.drop("bar")


def of_nothing(names: Sequence[str]) -> dict[str, float]:
    """The value of each statistic over no ticks: that of a filled bar."""
    schema = {"side": pl.String, "size": pl.Float64}
    return pl.DataFrame(schema=schema).select(**_values(names)).row(0, named=True) if names else {}


def _values(names: Sequence[str]) -> dict[str, pl.Expr]:
    return {name: STATISTICS[name].value for name in names}
