"""How much a project's tables hold, counted without reading them: what a dataset built now would be made of.

A day counts when its features and labels were made of the bars, and these of the ticks, that are there now: a file
that has come so far only as ticks is not counted yet, and neither is a day that is being built. Counts are remembered
with what their files show from outside, so a look costs a few `stat` a day, and receipts are read of changed days only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from trading_ml.bars import BarParams, sources
from trading_ml.bars.table import are_current
from trading_ml.core.digest import digest
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Receipt, Table
from trading_ml.core.params import Params
from trading_ml.ticks.cells import date_of_cell

ROOMS = ("features", "labels")


class Stock(Params):
    """What the tables of a project hold of one instrument.

    Example:
        >>> Stock(bars=10, days=2) - Stock(bars=4, days=1, orders=7)
        Stock(bars=6, days=1, orders=0)
    """

    bars: int = 0
    """Bars with features and labels."""
    days: int = 0
    """Days that have such bars."""
    orders: int = 0
    """Completed orders on these days."""

    def __add__(self, other: Stock) -> Stock:
        return Stock(bars=self.bars + other.bars, days=self.days + other.days, orders=self.orders + other.orders)

    def __sub__(self, other: Stock) -> Stock:
        """How much more; what is less counts as nothing."""
        return Stock(**{name: max(value - getattr(other, name), 0) for name, value in self})


@dataclass(frozen=True)
class Counted:
    """A project's tables of one instrument."""

    lake: Lake
    project: str
    instrument: Instrument
    bars: Sequence[BarParams]
    """Bars that features and labels are made of: the project's own first, then others beside them."""
    orders: str
    """Instrument under which its orders lie."""

    def stock(self, last: str | None = None) -> Stock:
        """What there is, up to and including the day `last` where one is given."""
        path = self.lake.path("stock", self.project, f"{self.instrument.key}.json")
        known = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        found = {str(day): self._day(day, known.get(str(day))) for day in self._labels.dates(self.instrument.name)}
        if found != known:
            self.lake.write_json(path, found)
        days = (told["stock"] for day, told in found.items() if told["stock"] and (last is None or day <= last))
        return sum((Stock(**told) for told in days), Stock())

    def settled(self) -> list[date]:
        """The days that count."""
        return [day for day in self._labels.dates(self.instrument.name) if self._of(day) is not None]

    def _day(self, day: date, known: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """A day's entry: the one that is known where its files are what they were."""
        seen = digest([_outside(path) for path in self._files(day)])
        if known and known["seen"] == seen:
            return known
        found = self._of(day)
        return {"seen": seen, "stock": found and found.model_dump()}

    def _of(self, day: date) -> Stock | None:
        """What a day holds; None where its tables are not of the ticks that are there."""
        made = [self.lake.table(room, self.project).receipt(self.instrument.name, day) for room in ROOMS]
        if not all(receipt and self._is_of_todays_bars(receipt, day) for receipt in made):
            return None
        features, labels = made
        assert features
        assert labels
        read = _read([features, labels], day)
        for params in self.bars[1:]:
            beside = self.lake.table("bars", params.name).receipt(self.instrument.name, day)
            asked = sources(self.lake, params).on(self.instrument, day)
            if (beside or asked) and not (beside and beside.digest in read and self._current(params, day)):
                return None
        placed = self.lake.table("ticks", "orders").receipt(self.orders, day)
        return Stock(bars=labels.rows, days=1, orders=placed.rows if placed else 0)

    def _is_of_todays_bars(self, receipt: Receipt, day: date) -> bool:
        own = self.lake.table("bars", self.bars[0].name).receipt(self.instrument.name, day)
        return own is not None and own.digest in _read([receipt], day) and self._current(self.bars[0], day)

    def _current(self, params: BarParams, day: date) -> bool:
        return are_current(self.lake, self.instrument, params, day)

    def _files(self, day: date) -> Iterator[Path]:
        """Every file that decides whether a day counts, and what for."""
        name = self.instrument.name
        for table in (*(self.lake.table(room, self.project) for room in ROOMS), *self._made):
            yield table.path(name, day)
        for params in self.bars:
            for table in sources(self.lake, params).tables:
                yield table.path(name, date_of_cell(table.parts[-1], day))
        yield self.lake.table("ticks", "orders").path(self.orders, day)

    @property
    def _made(self) -> list[Table]:
        return [self.lake.table("bars", params.name) for params in self.bars]

    @property
    def _labels(self) -> Table:
        return self.lake.table("labels", self.project)


def _read(receipts: Iterable[Receipt], day: date) -> set[str]:
    """Digests of the bars of a day that some tables were made of."""
    told = (bars["days"].get(str(day)) for receipt in receipts for bars in receipt.facts["bars"])
    return {found for found in told if found}


def _outside(path: Path) -> tuple[int, int, int] | None:
    try:
        told = path.stat()
    except FileNotFoundError:
        return None
    return told.st_ino, told.st_size, told.st_mtime_ns
