"""What lies behind a bar: the very rows of the table of ticks that it was made of."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from trading_ml.bars.params import BarParams
from trading_ml.bars.session import inside, lasts, regular_hours
from trading_ml.bars.sources import Held, sources
from trading_ml.bars.tick import tick_ranges
from trading_ml.core.errors import NoData
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake
from trading_ml.ticks.prices import priced, stamps
from trading_ml.ticks.ranges import Ints


class Behind(NamedTuple):
    """Rows of one partition: ticks, or bars that files tell."""

    held: Held
    rows: Ints
    """Positions in the partition of those that the bar was made of, ascending; none of a filled bar."""
    passed_over: int
    """How many lie between its bounds but were left out, by a cleaning rule or as outside the session."""


def behind(lake: Lake, instrument: Instrument, params: BarParams, day: date, row: int) -> Behind:
    """The ticks behind a bar, found as the bar was cut; reads of one day and no more.

    Args:
        lake: Where bars and ticks are.
        instrument: Whose bar.
        params: Which bars.
        day: Their partition.
        row: The bar's place in it.

    Raises:
        NoData: when the day has no bars, or nothing any more to make them from.
    """
    held = sources(lake, params).on(instrument, day)
    if held is None:
        raise NoData(f"bars {params.name} of {instrument.name} on {day}", "have no ticks any more", "ingest them again")
    if not params.every:
        return _counted(held, instrument, params, day, row)
    bar = lake.table("bars", params.name).scan(instrument.name, day).slice(row, 1).collect()
    opened, closed = bar["ts_open"].to_physical()[0], bar["ts_close"].to_physical()[0]
    ts = held.table.read(instrument.name, held.cell, ["ts_event"])
    low, high = np.searchsorted(stamps(ts), [opened, closed]).tolist()
    usable = (
        _told(held, instrument, params, slice(low, high))
        if params.source == "files"
        else (_traded(held, instrument, params, slice(low, high)))
    )
    return Behind(held, low + np.flatnonzero(usable.to_numpy()), high - low - int(usable.sum()))


def _traded(held: Held, instrument: Instrument, params: BarParams, rows: slice) -> pl.Series:
    """Which of some ticks enter a bar."""
    ticks, usable = priced(held.table, instrument.name, held.cell, rows=rows)
    return usable & inside(regular_hours(instrument), ticks["ts_event"]) if params.session else usable


def _told(held: Held, instrument: Instrument, params: BarParams, rows: slice) -> pl.Series:
    """Which of some bars that files tell enter a bar."""
    wanted = pl.col("ts_event").alias("ts_open"), pl.col("ts_close"), pl.col("excluded_by").is_null().alias("kept")
    told = (
        held.table.scan(instrument.name, held.cell).slice(rows.start, rows.stop - rows.start).select(wanted).collect()
    )
    if not params.session:
        return told["kept"]
    hours = regular_hours(instrument)
    return told["kept"] & inside(hours, told["ts_open"]) & inside(hours, lasts(told))


def _counted(held: Held, instrument: Instrument, params: BarParams, day: date, row: int) -> Behind:
    """Of a bar that ends after so many ticks, or so much traded: counted from midnight, for stamps may tie."""
    ticks, usable = priced(held.table, instrument.name, held.cell)
    if params.session:
        usable &= inside(regular_hours(instrument), ticks["ts_event"])
    kept = np.flatnonzero(usable.to_numpy())
    ranges = tick_ranges(ticks.filter(usable).rechunk(), params, day, instrument.zone)
    ends = np.append(ranges.starts[1:], len(kept))
    rows = kept[ranges.starts[row] : ends[row]]
    return Behind(held, rows, int(rows[-1] - rows[0]) + 1 - len(rows))
