"""Tables derived from bars: every partition computed from the bars of its date and exactly the context around them.

The partition is the unit of computation, in clean builds as in incremental ones, so a rebuild gives the same bytes.
What a changed date touches are the neighbours in whose context it lies, and no others; the context holds other bars
too, where a script looks at some.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import takewhile
from typing import Any

import polars as pl

from trading_ml.core.context import Extent, Part
from trading_ml.core.days import Days, Other
from trading_ml.core.digest import digest
from trading_ml.core.instruments import key_of
from trading_ml.core.lake import Receipt, Table
from trading_ml.core.neighbours import Neighbours, Overlap
from trading_ml.core.progress import track

RECIPE = 2
"""Raise it when the same bars and scripts give other rows: all partitions are then built anew."""


@dataclass(frozen=True)
class Derived:
    """A table of scripts' columns beside some columns of one instrument's bars."""

    bars: Days
    table: Table
    stamps: tuple[str, ...]
    """Columns taken over from the bars."""
    parts: tuple[Part, ...]

    def build(self, days: Iterable[date]) -> dict[date, Receipt]:
        """Bring some dates up to date, and the existing neighbours that depend on our bars or on others of these dates.

        What is current is left alone; a date without bars loses its partition; bars beyond the context stay unread.

        Returns:
            The receipts of those dates and neighbours that have bars, in order.
        """
        name = self.bars.instrument
        with self.table.lake.lock(*self.table.parts, key_of(name)):  # runs over other instruments build here as well
            work = _Work(self, frozenset(days))
            dates = track(f"{'/'.join(self.table.parts)} of {name}", work.touched, len(work.touched))
            made = {day: self._partition(day, work) for day in dates}
        return {day: receipt for day, receipt in made.items() if receipt}

    def _partition(self, day: date, work: _Work) -> Receipt | None:
        name = self.bars.instrument
        if self.bars.receipt(day) is None:
            self.table.remove(name, day)
            return None
        own, others = work.near.context(day), work.beside(day)
        sources = [self.bars.sources(own), *(other.days.sources(dates) for other, dates in others.values())]
        inputs = digest(RECIPE, self.stamps, [self._recipe(part) for part in self.parts], *sources)
        made = self.table.receipt(name, day)
        if made is None or made.inputs != inputs:
            frame = self._compute(day, own, others)
            facts = {
                "scripts": {part.name: part.bound.describe for part in self.parts},
                "bars": self._read(own, others),
            }
            made = self.table.write(name, day, frame, inputs, facts)
        return made

    def _compute(self, day: date, dates: list[date], others: Mapping[Key, tuple[Other, list[date]]]) -> pl.DataFrame:
        bars, own = self.bars.frame(dates), self.bars.read(day)
        first = sum(self.bars.rows(earlier) for earlier in dates if earlier < day)
        columns = []
        for part in self.parts:
            beside = [other.days.frame(others[part.name, other.name][1], like=bars) for other in part.others]
            made = part.columns(bars, first, first + own.height, beside)
            columns.append(made.rename(part.bound.names(part.name)))
        return pl.concat([own.select(self.stamps), *columns], how="horizontal")

    def _read(self, own: list[date], others: Mapping[Key, tuple[Other, list[date]]]) -> list[dict[str, Any]]:
        """What a receipt says of the bars that its rows were computed from: our own first, then those beside them."""
        beside = [{"part": part, **other.told(dates)} for (part, _), (other, dates) in others.items()]
        return [{"instrument": self.bars.instrument, "days": self.bars.digests(own)}, *beside]

    @staticmethod
    def _recipe(part: Part) -> tuple[Any, ...]:
        return part.name, part.bound.digest, part.before, part.after, *(other.recipe for other in part.others)


Key = tuple[str, str]
"""Names of a part and of other bars that it looks at."""


@dataclass(frozen=True)
class _Work:
    """One build: which dates it is about, and where the context of each lies."""

    derived: Derived
    asked: frozenset[date]

    @cached_property
    def near(self) -> Neighbours:
        """Our own dates."""
        bars = self.derived.bars
        own = [part for part in self.derived.parts if not part.bound.on]
        before, after = _widest(part.before for part in own), _widest(part.after for part in own)
        return Neighbours(sorted(self.asked.union(bars.dates)), bars.rows, before, after)

    @cached_property
    def overlaps(self) -> dict[Key, tuple[Other, Overlap, bool]]:
        """By part and name, other bars, where their context lies, and whether our context widens it."""
        found = {}
        for part in self.derived.parts:
            for other in part.others:
                before, after = (part.before, part.after) if part.bound.on else (Extent(), Extent())
                if part.bound.on and part.bound.script.kind == "label":  # it asks when the bar after these opened
                    after = Extent(bars=after.bars + 1, seconds=after.seconds)
                overlap = Overlap.of(other, self.derived.bars.zone, self.asked, before, after)
                found[part.name, other.name] = other, overlap, part.bound.on is None
        return found

    def beside(self, day: date) -> dict[Key, tuple[Other, list[date]]]:
        """By part and name, other bars and those of their dates that must be read for `day`."""
        wide = self.near.context(day)
        return {
            key: (other, overlap.context(wide[0], wide[-1]) if widened else overlap.context(day, day))
            for key, (other, overlap, widened) in self.overlaps.items()
        }

    @cached_property
    def touched(self) -> list[date]:
        """The dates asked for, and existing ones in whose context they lie, in order."""
        existing = set(self.derived.table.dates(self.derived.bars.instrument))
        depending = [existing.intersection(self.near.dependents(day)) for day in self.asked]
        return sorted(self.asked.union(*depending, self._looking(sorted(existing - self.asked))))

    def _looking(self, existing: list[date]) -> Iterable[date]:
        """Existing dates in whose context other bars lie that overlap the dates asked for."""
        if not (self.overlaps and self.asked):
            return
        changed = {key: overlap.during(self.asked) for key, (_, overlap, _) in self.overlaps.items()}
        looks = lambda day: any(not changed[key].isdisjoint(dates) for key, (_, dates) in self.beside(day).items())
        first = min(self.asked)
        yield from takewhile(looks, (day for day in reversed(existing) if day < first))
        yield from (day for day in existing if day > first and looks(day))


def _widest(extents: Iterable[Extent]) -> Extent:
    pairs = [(extent.bars, extent.seconds) for extent in extents]
    return Extent(bars=max((bars for bars, _ in pairs), default=0), seconds=max((s for _, s in pairs), default=0))
