"""Which dates of a project's tables are not what they were when a run over them last ended.

A mark remembers, for a project and an instrument, what stood on each date. It is compared without opening a file: only
where one was written since are the receipts read, which tell whether it is another one in fact. So a new date costs a
run over that date, however long the history.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from trading_ml.bars import sources
from trading_ml.core.digest import code_digest, digest
from trading_ml.core.instruments import key_of
from trading_ml.core.lake import Lake, Table
from trading_ml.defs import projects
from trading_ml.project import Project
from trading_ml.ticks.cells import date_of_cell

GAP = 20
"""Dates that need nothing, up to which two that do are brought up to date in one run: a run costs as much as these."""
Standing = tuple[str, str]


@dataclass(frozen=True)
class Mark:
    """What stood on each date when a run over the tables of a project and an instrument last ended."""

    lake: Lake
    project: Project
    instrument: str

    def stale(self, days: Iterable[date]) -> list[date]:
        """Those of `days` to bring up to date, and dates between them that are there no more."""
        wanted, known = set(days), {date.fromisoformat(day) for day in self._known}
        gone = {day for day in known - wanted if min(wanted) <= day <= max(wanted)}
        return sorted(gone.union(day for day in wanted if not self._stands(day)))

    def keep(self, days: Iterable[date]) -> None:
        """Remember what stands on `days` now, and of other dates what stood there before."""
        wanted = sorted(days)
        between = lambda day: str(wanted[0]) <= day <= str(wanted[-1])
        known = {day: stood for day, stood in self._known.items() if not between(day)}
        self.lake.write_json(self._path, {"state": self._state, "days": known | dict(map(self._standing, wanted))})

    def _stands(self, day: date) -> bool:
        seen, content = self._known.get(str(day), ("", ""))
        return seen == self._seen(day) or content == self._content(day)

    def _standing(self, day: date) -> tuple[str, Standing]:
        known, seen = self._known.get(str(day), ("", "")), self._seen(day)
        return str(day), known if known[0] == seen else (seen, self._content(day))

    @cached_property
    def _known(self) -> dict[str, Standing]:
        """What stood on which date; nothing where code, scripts or bars were others, or those of other instruments."""
        told = json.loads(self._path.read_text("utf-8")) if self._path.is_file() else {}
        return told["days"] if told.get("state") == self._state else {}

    @property
    def _path(self) -> Path:
        return self.lake.path("runs", self.project.name, f"{key_of(self.instrument)}.json")

    @cached_property
    def _tables(self) -> list[tuple[Table, Callable[[date], date]]]:
        """What a run over the instrument's own dates reads and writes, and the date of the file that holds one."""
        found = [(self.lake.table("bars", params.name), _itself) for params in self.project.all_bars]
        found += [(self.lake.table(room, self.project.name), _itself) for room in projects.ROOMS]
        read = {table for params in self.project.all_bars for table in sources(self.lake, params).tables}
        return found + [(table, _cell_of(table)) for table in sorted(read, key=lambda table: table.parts)]

    def _seen(self, day: date) -> str:
        """Digest of what a file shows from outside."""
        return digest([_outside(table.path(self.instrument, at(day))) for table, at in self._tables])

    def _content(self, day: date) -> str:
        """Digest of what the files of a date hold."""
        receipts = (table.receipt(self.instrument, at(day)) for table, at in self._tables)
        return digest([receipt and receipt.digest for receipt in receipts])

    @property
    def _state(self) -> str:
        """Digest of what decides about every date: the code, the scripts, the bars, and other instruments' dates."""
        project = self.project
        scripts = {f"{room}.{name}": (use.bound.digest, use.on) for room, name, use in projects.scripts(project)}
        return digest(code_digest(), scripts, project.bars, list(self._others()))

    def _others(self) -> Iterator[tuple[str, tuple[str, ...], list[tuple[date, str | None]]]]:
        """Other instruments' tables that the scripts look at, and the digest of each date."""
        read = {(other.instrument, other.params) for other in self.project.others if other.instrument}
        for name, params in sorted(read, key=str):
            if name and name != self.instrument:
                for table in (self.lake.table("bars", params.name), *sources(self.lake, params).tables):
                    receipts = [(day, table.receipt(name, day)) for day in table.dates(name)]
                    yield name, table.parts, [(day, receipt and receipt.digest) for day, receipt in receipts]


def spans(days: Sequence[date], stale: Iterable[date]) -> Iterator[list[date]]:
    """Ranges of `days` that hold the stale ones, those that lie near each other together.

    Example:
        >>> days = [date(2024, 1, number) for number in range(1, 31)]
        >>> [[day.day for day in span] for span in spans(days, [days[0], days[2], days[29]])]
        [[1, 2, 3], [30]]
    """
    found: list[list[date]] = []
    place = {day: number for number, day in enumerate(days)}
    for day in sorted(stale):
        if found and place[day] - place[found[-1][-1]] <= GAP:
            found[-1] += days[place[found[-1][-1]] + 1 : place[day] + 1]
        else:
            found.append([day])
    yield from found


def _itself(day: date) -> date:
    return day


def _cell_of(table: Table) -> Callable[[date], date]:
    return lambda day: date_of_cell(table.parts[-1], day)


def _outside(path: Path) -> tuple[int, int, int] | None:
    try:
        told = path.stat()
    except FileNotFoundError:
        return None
    return told.st_ino, told.st_size, told.st_mtime_ns
