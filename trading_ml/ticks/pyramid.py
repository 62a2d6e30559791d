"""The display pyramid: the lowest and the highest price of every 1,024 ticks, a table beside the ticks.

A picture of years needs no more than the extremes of what lies behind each pixel: 1,024 ticks become two, and every
spike is one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from functools import partial

import numpy as np
import polars as pl

from trading_ml.core.compiled import compiled
from trading_ml.core.digest import digest
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Receipt, Table
from trading_ml.core.progress import track
from trading_ml.core.settings import Settings
from trading_ml.core.time import NS
from trading_ml.ticks.prices import priced, stamps
from trading_ml.ticks.ranges import Floats, Ints

BLOCK = 1024
"""Ticks in a block, excluded ones counted; a day begins a new one."""
RECIPE = 1
"""Raise it when the same ticks give other blocks: all partitions are then built anew."""


def build(
    lake: Lake, instrument: Instrument, days: Iterable[date], kind: str = "trades", executor: Executor | None = None
) -> dict[date, Receipt]:
    """Bring the pyramid of some days up to date; those of days without ticks are removed.

    Args:
        lake: Where ticks and pyramid are.
        instrument: Whose ticks.
        days: Local dates in the instrument's zone.
        kind: `trades`, or `quotes` at their mid.
        executor: Where to work; by default as many threads as the settings allow.

    Returns:
        The receipts of the days that have ticks, in order.
    """
    days = sorted(set(days))
    with ExitStack() as stack:
        stack.enter_context(lake.lock("pyramid", kind, instrument.key))
        pool = executor or stack.enter_context(ThreadPoolExecutor(Settings().workers))
        receipts = pool.map(partial(_build_day, lake, instrument.name, kind), days)
        made = list(track(f"pyramid of {instrument.name} {kind}", receipts, len(days)))
    return {day: receipt for day, receipt in zip(days, made, strict=True) if receipt}


def build_span(
    lake: Lake,
    instrument: Instrument,
    start: date,
    end: date,
    kind: str = "trades",
    executor: Executor | None = None,
) -> dict[date, Receipt]:
    """`build` for every date from `start` to before `end` that has ticks, or had them when it was last built."""
    tables = lake.table("ticks", kind), lake.table("pyramid", kind)
    days = {day for table in tables for day in table.dates(instrument.name) if start <= day < end}
    return build(lake, instrument, days, kind, executor)


def day_blocks(ticks: Table, instrument: str, day: date) -> pl.DataFrame:
    """The blocks of one day in order: ts_low, low, ts_high, high; null where no tick of a block is usable."""
    read = priced(ticks, instrument, day)
    at = extremes(read.frame["price"].fill_null(0.0).to_numpy(), read.usable.to_numpy(), BLOCK)
    columns = {}
    for name, where in (("low", at[:, 0]), ("high", at[:, 1])):
        columns[f"ts_{name}"] = pl.Series(stamps(read.frame)[where], dtype=pl.Int64).cast(NS)
        columns[name] = read.frame["price"].gather(where)
    return pl.DataFrame(columns).with_columns(pl.when(pl.Series(at[:, 0] >= 0)).then(pl.all()))


def inputs_of(source: str) -> str:
    """What a partition must have been made from to be current, by the digest of its ticks."""
    return digest(RECIPE, source)


@compiled
def extremes(price: Floats, usable: np.ndarray, every: int) -> Ints:
    """Positions of the first lowest and the first highest usable price in each `every` ticks; −1 where there is none.

    Example:
        >>> extremes(np.array([5.0, 3.0, 9.0, 3.0, 7.0]), np.array([True, True, False, True, True]), 4).tolist()
        [[1, 0], [4, 4]]
    """
    rows = (len(price) + every - 1) // every
    at = np.full((rows, 2), -1, np.int64)
    for tick in range(len(price)):
        if not usable[tick]:
            continue
        block = tick // every
        if at[block, 0] < 0 or price[tick] < price[at[block, 0]]:
            at[block, 0] = tick
        if at[block, 1] < 0 or price[tick] > price[at[block, 1]]:
            at[block, 1] = tick
    return at


def _build_day(lake: Lake, instrument: str, kind: str, day: date) -> Receipt | None:
    ticks, pyramid = lake.table("ticks", kind), lake.table("pyramid", kind)
    source, made = ticks.receipt(instrument, day), pyramid.receipt(instrument, day)
    if source is None:
        pyramid.remove(instrument, day)
        return None
    inputs = inputs_of(source.digest)
    if made and made.inputs == inputs:
        return made
    return pyramid.write(instrument, day, day_blocks(ticks, instrument, day), inputs)
