"""Bars and orders as files tell them, apart from bars made of ticks: `ticks/bars_1m` here, `bars/1m` there."""

from __future__ import annotations

import polars as pl

from trading_ml.adapters.contract import BARS, bars_of
from trading_ml.core.errors import NoData
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake
from trading_ml.core.time import date_of, nanoseconds
from trading_ml.ticks.cells import date_of_cell


def bars(lake: Lake, instrument: Instrument, every: str, start: int, end: int) -> pl.DataFrame:
    """The bars of one interval that files hold and that open in [`start`, `end`), nanoseconds UTC.

    Returns:
        ts_open, ts_close, open, high, low, close, volume (null where the source has none), then what else the source
        tells, with upload and row. A bar is known at its ts_close. Intervals without a bar are as the source left them.

    Raises:
        NoData: when no file holds such bars in that range. BadParams: when `every` is no duration.
    """
    found = rows(lake, instrument, bars_of(nanoseconds(every)), start, end)
    return found.filter(pl.col("excluded_by").is_null()).drop("excluded_by").rename({"ts_event": "ts_open"})


def orders(lake: Lake, instrument: Instrument, start: int, end: int) -> pl.DataFrame:
    """The completed orders that files hold and that were placed in [`start`, `end`), nanoseconds UTC.

    Raises:
        NoData: when no file holds orders in that range.
    """
    return rows(lake, instrument, "orders", start, end)


def rows(lake: Lake, instrument: Instrument, kind: str, start: int, end: int) -> pl.DataFrame:
    """The stored rows of any kind with `ts_event` in [`start`, `end`), in their order.

    Raises:
        NoData: when there is no day of that range.
    """
    table, name = lake.table("ticks", kind), instrument.name
    first, last = date_of(start, instrument.zone), date_of(end - 1, instrument.zone)
    days = [day for day in table.dates(name) if date_of_cell(kind, first) <= day <= last]
    if not days:
        what = f"bars of {kind.removeprefix(BARS)} from files" if kind.startswith(BARS) else kind
        raise NoData(f"{what} of {name}", f"there are none from {first} to {last}", "ingest a file that holds them")
    moment = pl.col("ts_event").to_physical()
    found = pl.concat((table.read(name, day) for day in days), how="diagonal")
    return found.filter(moment >= start, moment < end)
