"""Which partitions have to be built again: looked for only among instruments of which there is something new."""

import time
from collections.abc import Mapping
from datetime import date

from trading_ml.core.digest import code_digest, digest
from trading_ml.core.lake import Lake
from trading_ml.core.params import Params
from trading_ml.core.settings import Settings
from trading_ml.defs.partitions import MARGIN
from trading_ml.ticks import merge, records
from trading_ml.ticks.cells import dates_of_cell


class Due(Params):
    """Instruments whose ticks may not be what the uploads say: the cursor of a sensor, and so a queue that survives."""

    since: int = 0
    """Nanoseconds since 1970 up to which uploads were taken note of."""
    rules: str = ""
    """Digest of what says how ticks are merged: code, and the facts about instruments."""
    instruments: tuple[str, ...] = ()

    @classmethod
    def resumed(cls, lake: Lake, cursor: str | None) -> "Due":
        """What was due, and what became so: the instruments of new uploads, or all where the rules changed."""
        before, now = cls.model_validate_json(cursor or "{}"), time.time_ns() - MARGIN
        facts = Settings().instruments
        rules = digest(code_digest(), facts.read_text("utf-8") if facts.is_file() else "")
        if rules != before.rules:
            return cls(since=now, rules=rules, instruments=tuple(merge.instruments(lake)))
        new = {name for _, parsed in records.parsed_since(lake, before.since) for name in parsed.zones}
        names = (*before.instruments, *sorted(new.difference(before.instruments)))
        return cls(since=now, rules=rules, instruments=names)

    def less(self, done: set[str]) -> str:
        """The cursor that remains."""
        left = tuple(name for name in self.instruments if name not in done)
        return self.model_copy(update={"instruments": left}).model_dump_json()


def ranges(cells: Mapping[merge.Cell, str], lake: Lake, instrument: str) -> list[tuple[list[date], str]]:
    """The dates that cells touch, split where one that has ticks and needs nothing lies between, each with a digest.

    A cell of bars that files tell holds many dates. All of them count, for which ones changed only its rows know.
    """
    today = date.today()
    days = {
        cell: {day for day in dates_of_cell(cell.kind, cell.date) if day <= max(cell.date, today)} for cell in cells
    }
    touched = set[date]().union(*days.values())
    known = {day for kind in merge.kinds(lake) for day in lake.table("ticks", kind).dates(instrument)}
    found: list[list[date]] = [[]]
    for day in sorted(touched | known):
        if day in touched:
            found[-1].append(day)
        elif found[-1]:
            found.append([])
    return [
        (own, digest(sorted((cell, inputs) for cell, inputs in cells.items() if days[cell].intersection(own))))
        for own in found
        if own
    ]
