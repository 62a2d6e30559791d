"""The table of bars: one partition from each day of ticks, built when its ticks or parameters have changed."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from functools import partial

import polars as pl

from trading_ml.bars.aggregate import aggregate
from trading_ml.bars.fill import fill
from trading_ml.bars.params import BarParams
from trading_ml.bars.statistics import of_nothing, reads
from trading_ml.bars.tick import tick_ranges
from trading_ml.bars.time import interval, time_ranges
from trading_ml.core.digest import digest
from trading_ml.core.errors import NoData
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Receipt
from trading_ml.core.progress import track
from trading_ml.core.settings import Settings
from trading_ml.core.time import date_of, day_bounds
from trading_ml.ticks import adjust
from trading_ml.ticks.prices import priced, stamps

RECIPE = 1
"""Raise it when the same ticks and parameters give other bars: all partitions are then built anew."""


def day_bars(ticks: pl.DataFrame, params: BarParams, day: date, zone: str) -> pl.DataFrame:
    """The bars of one local day from its usable ticks (`ts_event`, `price`, `size`; of quotes also `bid`, `ask`)."""
    if params.every is None:
        return aggregate(ticks, tick_ranges(ticks, params, day, zone), params.statistics)
    bars = aggregate(ticks, time_ranges(stamps(ticks), params.every, day, zone), params.statistics)
    if not params.fill:
        return bars
    return fill(bars, interval(params.every, day, zone), day_bounds(day, zone)[1], of_nothing(params.statistics))


def build(
    lake: Lake, instrument: Instrument, params: BarParams, days: Iterable[date], executor: Executor | None = None
) -> dict[date, Receipt]:
    """Bring the bars of some days up to date.

    Days whose bars are current are left alone; bars of days that have no ticks any more are removed.

    Args:
        lake: Where ticks and bars are.
        instrument: Whose bars.
        params: Which bars.
        days: Local dates in the instrument's zone.
        executor: Where to work; by default as many threads as the settings allow.

    Returns:
        The receipts of the days that have bars, in order.
    """
    days = sorted(set(days))
    with ExitStack() as stack:
        # Whoever builds reads the ticks under the lock: bars of older ticks never overwrite newer ones.
        stack.enter_context(lake.lock("bars", params.name, instrument.key))
        pool = executor or stack.enter_context(ThreadPoolExecutor(Settings().workers))
        receipts = pool.map(partial(_build_day, lake, instrument, params), days)
        made = list(track(f"bars {params.name} of {instrument.name}", receipts, len(days)))
    return {day: receipt for day, receipt in zip(days, made, strict=True) if receipt}


def build_span(
    lake: Lake, instrument: Instrument, params: BarParams, start: date, end: date, executor: Executor | None = None
) -> dict[date, Receipt]:
    """`build` for every date from `start` to before `end` that has ticks, or had them when bars were last built."""
    tables = lake.table("ticks", params.kind), lake.table("bars", params.name)
    days = {day for table in tables for day in table.dates(instrument.name) if start <= day < end}
    return build(lake, instrument, params, days, executor)


def load(
    lake: Lake, instrument: Instrument, params: BarParams, start: int, end: int, adjusted: bool = False
) -> pl.DataFrame:
    """The bars that open in [`start`, `end`), moments in nanoseconds UTC.

    Args:
        lake: Where the bars are.
        instrument: Whose bars.
        params: Which bars.
        start: First moment.
        end: Moment after the last.
        adjusted: Put prices and sizes on today's footing, see `ticks.adjust`; what is stored stays raw.

    Raises:
        NoData: when no day of that range has been built.
    """
    table, name = lake.table("bars", params.name), instrument.name
    first, last = date_of(start, instrument.zone), date_of(end - 1, instrument.zone)
    days = [day for day in table.dates(name) if first <= day <= last]
    if not days:
        raise NoData(f"{params.name} bars of {name}", f"there are none from {first} to {last}", "build them first")
    opens = pl.col("ts_open").to_physical()
    bars = pl.concat(table.read(name, day) for day in days).filter(opens >= start, opens < end)
    return adjust.adjusted(bars, instrument, "ts_open") if adjusted else bars


def _build_day(lake: Lake, instrument: Instrument, params: BarParams, day: date) -> Receipt | None:
    ticks, bars = lake.table("ticks", params.kind), lake.table("bars", params.name)
    source, made = ticks.receipt(instrument.name, day), bars.receipt(instrument.name, day)
    if source is None:
        bars.remove(instrument.name, day)
        return None
    inputs = digest(RECIPE, params, instrument.zone, source.digest)
    if made and made.inputs == inputs:
        return made
    extra = reads(params.statistics)
    kept = priced(ticks, instrument.name, day, extra).kept
    return bars.write(instrument.name, day, day_bars(kept, params, day, instrument.zone), inputs)
