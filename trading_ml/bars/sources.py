"""What bars are made from: ticks of a kind, or bars that files tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from trading_ml.adapters.contract import BARS, interval_of
from trading_ml.bars.params import BarParams
from trading_ml.core.errors import BadParams
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Receipt, Table
from trading_ml.core.time import nanoseconds
from trading_ml.ticks import merge


@dataclass(frozen=True)
class Sources:
    """Tables that hold what some bars can be made from, the best first."""

    tables: tuple[Table, ...]

    def instruments(self) -> list[str]:
        """Names of the instruments that at least one of the tables knows."""
        return sorted({name for table in self.tables for name in table.instruments()})

    def dates(self, instrument: str) -> list[date]:
        """Dates on which at least one of the tables has something of an instrument, ascending."""
        return sorted({day for table in self.tables for day in table.dates(instrument)})

    def of(self, instrument: str, day: date) -> tuple[Table, Receipt] | None:
        """The first table that has a day, and what it has, or None where none has it."""
        found = ((table, table.receipt(instrument, day)) for table in self.tables)
        return next(((table, receipt) for table, receipt in found if receipt), None)


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
