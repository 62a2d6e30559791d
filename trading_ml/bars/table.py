"""The table of bars: one partition from each day of ticks (or of bars that files tell), rebuilt when these change."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from trading_ml.bars import told
from trading_ml.bars.aggregate import aggregate
from trading_ml.bars.coarser import coarser
from trading_ml.bars.fill import fill
from trading_ml.bars.params import BarParams
from trading_ml.bars.session import inside, lasts, regular_hours
from trading_ml.bars.sources import Held, refuse_misfits, sources
from trading_ml.bars.statistics import reads
from trading_ml.bars.tick import tick_ranges
from trading_ml.bars.time import time_bars, time_ranges
from trading_ml.core.digest import digest
from trading_ml.core.errors import NoData
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Receipt
from trading_ml.core.progress import track
from trading_ml.core.settings import Settings
from trading_ml.core.time import date_of
from trading_ml.ticks import adjust
from trading_ml.ticks.prices import priced, stamps
from trading_ml.ticks.rules import Choice

RECIPE = 1
"""Raise it when the same ticks and parameters give other bars: all partitions are then built anew."""


def day_bars(
    ticks: pl.DataFrame, params: BarParams, day: date, zone: str, usable: pl.Series | None = None
) -> pl.DataFrame:
    """The bars of one local day from its ticks (`ts_event`, `price`, `size`; of quotes also `bid`, `ask`).

    Args:
        ticks: The ticks, in order.
        params: Which bars.
        day: The local date.
        zone: Its zone.
        usable: Which of the ticks enter a bar; all by default.
    """
    usable = pl.repeat(True, ticks.height, eager=True) if usable is None else usable
    if params.every and params.kind == "trades" and not params.statistics:
        bars = time_bars(ticks, usable, params.every, day, zone)
    else:
        kept = ticks.filter(usable).rechunk()
        every = params.every
        ranges = time_ranges(stamps(kept), every, day, zone) if every else tick_ranges(kept, params, day, zone)
        bars = aggregate(kept, ranges, params.statistics)
    return fill(bars, str(params.every), day, zone) if params.fill else bars


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
        known = sources(lake, params).days(instrument, days[0], days[-1] + timedelta(days=1)) if days else {}
        maker = _Maker(lake, instrument, params, hours)
        pool = executor or stack.enter_context(ThreadPoolExecutor(Settings().workers))
        receipts = pool.map(maker.build, days, map(known.get, days))
        made = list(track(f"bars {params.name} of {instrument.name}", receipts, len(days)))
    return {day: receipt for day, receipt in zip(days, made, strict=True) if receipt}


def build_span(
    lake: Lake, instrument: Instrument, params: BarParams, start: date, end: date, executor: Executor | None = None
) -> dict[date, Receipt]:
    """`build` for every date from `start` to before `end` that has ticks, or had them when bars were last built."""
    made = lake.table("bars", params.name).dates(instrument.name)
    days = {*sources(lake, params).days(instrument, start, end), *(day for day in made if start <= day < end)}
    return build(lake, instrument, params, days, executor)


def are_current(lake: Lake, instrument: Instrument, params: BarParams, day: date) -> bool:
    """Whether the bars of a day are what `build` would make today of the ticks there are."""
    hours = regular_hours(instrument) if params.session else None
    held = sources(lake, params).on(instrument, day)
    source = held and held.table.receipt(instrument.name, held.cell)
    if not (held and source):
        return False
    inputs = _Maker(lake, instrument, params, hours).inputs(held, source)
    return lake.table("bars", params.name).is_current(instrument.name, day, inputs)


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


@dataclass(frozen=True)
class _Maker:
    """Makes the partitions of one instrument; `hours` are those to which its bars are restricted."""

    lake: Lake
    instrument: Instrument
    params: BarParams
    hours: Choice | None

    def build(self, day: date, held: Held | None) -> Receipt | None:
        name, bars = self.instrument.name, self.lake.table("bars", self.params.name)
        source = held and held.table.receipt(name, held.cell)
        if not (held and source):
            bars.remove(name, day)
            return None
        inputs = self.inputs(held, source)
        made = bars.receipt(name, day)
        if made and made.inputs == inputs:
            return made
        return bars.write(name, day, self._bars(held, day), inputs, {"from": held.table.parts[-1]})

    def inputs(self, held: Held, source: Receipt) -> str:
        """Digest of what a day's bars are made from, and how."""
        options = self.params.model_dump(exclude_defaults=True), self.hours and self.hours.describe
        return digest(RECIPE, *options, self.instrument.zone, held.table.parts, source.digest)

    def _bars(self, held: Held, day: date) -> pl.DataFrame:
        bars = self._told(held, day) if self.params.source == "files" else self._of_ticks(held, day)
        if self.hours and self.params.fill:  # a bar for each empty interval of the session, none for its break
            within = inside(self.hours, bars["ts_open"]) | inside(self.hours, lasts(bars))
            return bars.filter(~pl.col("filled") | within)
        return bars

    def _of_ticks(self, held: Held, day: date) -> pl.DataFrame:
        ticks, usable = priced(held.table, self.instrument.name, day, reads(self.params.statistics))
        if self.hours:
            usable &= inside(self.hours, ticks["ts_event"])
        return day_bars(ticks, self.params, day, self.instrument.zone, usable)

    def _told(self, held: Held, day: date) -> pl.DataFrame:
        zone, every = self.instrument.zone, str(self.params.every)
        bars = told.day_of(held.table, self.instrument, held.cell, day)
        if self.hours:
            bars = bars.filter(inside(self.hours, bars["ts_open"]) & inside(self.hours, lasts(bars)))
        made = coarser(bars, every, zone)
        return fill(made, every, day, zone) if self.params.fill else made
