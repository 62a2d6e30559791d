"""One aggregator for every kind of bar."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from trading_ml.bars.ranges import Ranges
from trading_ml.bars.statistics import evaluate
from trading_ml.core.time import NS
from trading_ml.ticks.ranges import SUMMARY, Floats, Ints, summarise


def aggregate(ticks: pl.DataFrame, ranges: Ranges, statistics: Sequence[str] = ()) -> pl.DataFrame:
    """Sum up consecutive ranges of usable ticks: the columns of design 4.3, known at `ts_close`.

    Args:
        ticks: Usable ticks in tick order with `price` and `size`; quotes also have `bid` and `ask`.
        ranges: Where each bar starts, opens and closes.
        statistics: Names of further columns.
    """
    ends = np.append(ranges.starts[1:], ticks.height)[: len(ranges.starts)]
    rows = summarise(ticks["price"].to_numpy(), ticks["size"].to_numpy(), ranges.starts, ends)
    bars = tabled(ranges.opens, ranges.closes, rows)
    if "bid" in ticks.columns:
        bars = bars.hstack(ticks.select("bid", "ask")[ends - 1])
    return bars.hstack(evaluate(ticks, ranges.starts, statistics)) if statistics else bars


def tabled(opens: Ints, closes: Ints, rows: Floats) -> pl.DataFrame:
    """Bars as a table, from their times in nanoseconds and one row of `SUMMARY` each."""
    columns = [
        pl.Series("ts_open", opens, pl.Int64).cast(NS),
        pl.Series("ts_close", closes, pl.Int64).cast(NS),
        *(pl.Series(name, np.ascontiguousarray(rows[:, at])) for at, name in enumerate(SUMMARY)),
    ]
    return pl.DataFrame(columns).cast({"trades": pl.Int64})
