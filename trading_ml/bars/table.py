"""The table of bars: one partition from each day of ticks (or of bars that files tell), rebuilt when these change."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from functools import partial

import polars as pl

from trading_ml.bars import told
from trading_ml.bars.aggregate import aggregate
from trading_ml.bars.coarser import coarser
from trading_ml.bars.fill import fill
from trading_ml.bars.params import BarParams
from trading_ml.bars.session import inside, lasts, regular_hours
from trading_ml.bars.sources import Sources, refuse_misfits, sources
from trading_ml.bars.statistics import reads
from trading_ml.bars.tick import tick_ranges
from trading_ml.bars.time import time_ranges
from trading_ml.core.digest import digest
from trading_ml.core.errors import NoData
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Receipt, Table
from trading_ml.core.progress import track
from trading_ml.core.settings import Settings
from trading_ml.core.time import date_of
from trading_ml.ticks import adjust
from trading_ml.ticks.prices import priced, stamps
from trading_ml.ticks.rules import Choice

RECIPE = 1
"""Raise it when the same ticks and parameters give other bars: all partitions are then built anew."""


def day_bars(ticks: pl.DataFrame, params: BarParams, day: date, zone: str) -> pl.DataFrame:
    """The bars of one local day from its usable ticks (`ts_event`, `price`, `size`; of quotes also `bid`, `ask`)."""
    if params.every is None:
        return aggregate(ticks, tick_ranges(ticks, params, day, zone), params.statistics)
    bars = aggregate(ticks, time_ranges(stamps(ticks), params.every, day, zone), params.statistics)
    return fill(bars, params.every, day, zone) if params.fill else bars


def build(
    lake: Lake, instrument: Instrument, params: BarParams, days: Iterable[date], executor: Executor | None = None
) -> dict[date, Receipt]:
    """Bring the bars of some days up to date.

    Days whose bars are current are left alone; bars of days that have nothing to make them from any more are removed.
    With `source: files` each day is made from the longest bars that files tell of it and that fit, as its facts say.

    Args:
        lake: Where ticks and bars are.
        instrument: Whose bars.
        params: Which bars.
        days: Local dates in the instrument's zone.
        executor: Where to work; by default as many threads as the settings allow.

    Returns:
        The receipts of the days that have bars, in order.

    Raises:
        BadParams: when a session is asked for and the instrument has no calendar, or no bars from files fit `every`.
        BadInput: when a bar from files does not lie within one bar.
    """
    days = sorted(set(days))
    hours = regular_hours(instrument) if params.session else None
    refuse_misfits(lake, instrument, params)
    with ExitStack() as stack:
        # Whoever builds reads the ticks under the lock: bars of older ticks never overwrite newer ones.
        stack.enter_context(lake.lock("bars", params.name, instrument.key))
        one = partial(_build_day, lake, instrument, params, sources(lake, params), hours)
        pool = executor or stack.enter_context(ThreadPoolExecutor(Settings().workers))
        receipts = pool.map(one, days)
        made = list(track(f"bars {params.name} of {instrument.name}", receipts, len(days)))
    return {day: receipt for day, receipt in zip(days, made, strict=True) if receipt}


def build_span(
    lake: Lake, instrument: Instrument, params: BarParams, start: date, end: date, executor: Executor | None = None
) -> dict[date, Receipt]:
    """`build` for every date from `start` to before `end` that has ticks, or had them when bars were last built."""
    tables = sources(lake, params), lake.table("bars", params.name)
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


def _build_day(
    lake: Lake, instrument: Instrument, params: BarParams, known: Sources, hours: Choice | None, day: date
) -> Receipt | None:
    name, bars = instrument.name, lake.table("bars", params.name)
    source = known.of(name, day)
    if source is None:
        bars.remove(name, day)
        return None
    table, read = source
    options = params.model_dump(exclude_defaults=True), hours and hours.describe
    inputs = digest(RECIPE, *options, instrument.zone, table.parts, read.digest)
    made = bars.receipt(name, day)
    if made and made.inputs == inputs:
        return made
    return bars.write(name, day, _bars(table, instrument, params, hours, day), inputs, {"from": table.parts[-1]})


def _bars(table: Table, instrument: Instrument, params: BarParams, hours: Choice | None, day: date) -> pl.DataFrame:
    if params.source == "files":
        bars = _told_bars(table, instrument, params, hours, day)
    else:
        ticks = priced(table, instrument.name, day, reads(params.statistics)).kept
        within = ticks.filter(inside(hours, ticks["ts_event"])) if hours else ticks
        bars = day_bars(within, params, day, instrument.zone)
    if hours and params.fill:  # a bar for each empty interval of the session, none for its break
        bars = bars.filter(~pl.col("filled") | inside(hours, bars["ts_open"]) | inside(hours, lasts(bars)))
    return bars


def _told_bars(
    table: Table, instrument: Instrument, params: BarParams, hours: Choice | None, day: date
) -> pl.DataFrame:
    bars = told.read(table, instrument, day)
    if hours:
        bars = bars.filter(inside(hours, bars["ts_open"]) & inside(hours, lasts(bars)))
    made = coarser(bars, str(params.every), instrument.zone)
    return fill(made, str(params.every), day, instrument.zone) if params.fill else made
