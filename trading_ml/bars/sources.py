"""What bars are made from: ticks of a kind, or bars that files tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from trading_ml.adapters.contract import BARS, interval_of
from trading_ml.bars.params import BarParams
from trading_ml.core.errors import BadParams
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Table
from trading_ml.core.time import local_date, nanoseconds
from trading_ml.ticks import merge
from trading_ml.ticks.cells import date_of_cell, span_of


class Held(NamedTuple):
    """Where a day is: a table, and the date of the cell in it, which holds a day of ticks or many days of bars."""

    table: Table
    cell: date


@dataclass(frozen=True)
class Sources:
    """Tables that hold what some bars can be made from, the best first."""

    tables: tuple[Table, ...]

    def instruments(self) -> list[str]:
        """Names of the instruments that at least one of the tables knows."""
        return sorted({name for table in self.tables for name in table.instruments()})

    def days(self, traded: Instrument, start: date = date.min, end: date = date.max) -> dict[date, Held]:
        """The days from `start` to before `end` that a table has, ascending, and the first that has each."""
        found: dict[date, Held] = {}
        for table in self.tables:
            first = date_of_cell(table.parts[-1], start)
            for held in (Held(table, cell) for cell in table.dates(traded.name) if first <= cell < end):
                found |= {day: held for day in _days_in(held, traded) if start <= day < end and day not in found}
        return dict(sorted(found.items()))

    def on(self, traded: Instrument, day: date) -> Held | None:
        """The first table that has a day, asked without looking at any other."""
        cells = (Held(table, date_of_cell(table.parts[-1], day)) for table in self.tables)
        there = (held for held in cells if held.table.path(traded.name, held.cell).is_file())
        return next((held for held in there if day in _days_in(held, traded)), None)


def sources(lake: Lake, params: BarParams) -> Sources:
    """The table of ticks; with `source: files` all told bars whose length divides `every`, the longest first."""
    if params.source == "ticks":
        return Sources((lake.table("ticks", params.kind),))
    lengths = {kind: interval_of(kind) for kind in merge.kinds(lake) if kind.startswith(BARS)}
    fitting = [kind for kind, length in lengths.items() if _length(params) % length == 0]
    longest_first = sorted(fitting, key=lengths.__getitem__, reverse=True)
    return Sources(tuple(lake.table("ticks", kind) for kind in longest_first))


def refuse_misfits(lake: Lake, instrument: Instrument, params: BarParams) -> None:
    """Refuse bars of a length of which the bars that files tell of an instrument are no part.

    Raises:
        BadParams: naming the lengths there are.
    """
    told = [kind for kind in merge.kinds(lake) if kind.startswith(BARS)]
    told = [kind for kind in told if lake.table("ticks", kind).dates(instrument.name)]
    if params.source == "files" and told and all(_length(params) % interval_of(kind) for kind in told):
        known = ", ".join(kind.removeprefix(BARS) for kind in sorted(told, key=interval_of))
        problem = f"cannot be made of those that files tell of {instrument.name} ({known})"
        raise BadParams(f"bars of {params.every}", problem, "choose a multiple of one of them")


def _length(params: BarParams) -> int:
    assert params.every  # BarParams has bars from files by time alone
    return nanoseconds(params.every)


def _days_in(held: Held, traded: Instrument) -> list[date]:
    if span_of(held.table.parts[-1]) == "1d":
        return [held.cell]
    days = local_date("ts_event", traded.zone).unique()
    return held.table.scan(traded.name, held.cell).select(days).collect().to_series().to_list()
