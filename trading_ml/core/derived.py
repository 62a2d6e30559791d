"""Tables derived from bars: every partition computed from the bars of its date and exactly the context around them.

The partition is the unit of computation, in clean builds as in incremental ones, so a rebuild gives the same bytes.
What a changed date touches are the neighbours in whose context it lies, and no others.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache, partial
from itertools import takewhile

import polars as pl

from trading_ml.core.context import Extent, Part
from trading_ml.core.digest import digest
from trading_ml.core.lake import Receipt, Table
from trading_ml.core.progress import track
from trading_ml.core.time import DAY, SECOND

RECIPE = 1
"""Raise it when the same bars and scripts give other rows: all partitions are then built anew."""
_DAYS_HELD = 32


@dataclass(frozen=True)
class Derived:
    """A table of scripts' columns beside some columns of the bars."""

    bars: Table
    table: Table
    stamps: tuple[str, ...]
    """Columns taken over from the bars."""
    parts: tuple[Part, ...]

    def build(self, instrument: str, days: Iterable[date]) -> dict[date, Receipt]:
        """Bring some dates up to date, and the existing neighbours that depend on them.

        What is current is left alone; a date without bars loses its partition; bars beyond the context stay unread.

        Returns:
            The receipts of those dates and neighbours that have bars, in order.
        """
        asked = set(days)
        receipt = cache(partial(self.bars.receipt, instrument))
        read = lru_cache(_DAYS_HELD)(partial(self.bars.read, instrument))
        before, after = _widest(part.before for part in self.parts), _widest(part.after for part in self.parts)
        dates = sorted(asked.union(self.bars.dates(instrument)))
        near = Neighbours(dates, lambda day: r.rows if (r := receipt(day)) else 0, before, after)
        existing = set(self.table.dates(instrument))
        touched = sorted(asked.union(*(existing.intersection(near.dependents(day)) for day in asked)))
        built: dict[date, Receipt] = {}
        for day in track(f"{'/'.join(self.table.parts)} of {instrument}", touched, len(touched)):
            if receipt(day) is None:
                self.table.remove(instrument, day)
                continue
            sources = [(d, r.digest) for d in near.context(day) if (r := receipt(d))]
            inputs = digest(RECIPE, self.stamps, [self._recipe(part) for part in self.parts], sources)
            made = self.table.receipt(instrument, day)
            if made is None or made.inputs != inputs:
                frame = self._compute([d for d, _ in sources], day, read)
                facts = {"scripts": {part.name: part.bound.describe for part in self.parts}}
                made = self.table.write(instrument, day, frame, inputs, facts)
            built[day] = made
        return built

    def _compute(self, dates: list[date], day: date, read: Callable[[date], pl.DataFrame]) -> pl.DataFrame:
        frames = [read(d) for d in dates]
        bars, own = pl.concat(frames), frames[dates.index(day)]
        first = sum(frame.height for frame in frames[: dates.index(day)])
        columns = (
            part.rows(bars, first, first + own.height).rename(part.bound.names(part.name)) for part in self.parts
        )
        return pl.concat([own.select(self.stamps), *columns], how="horizontal")

    @staticmethod
    def _recipe(part: Part) -> tuple[str, str, Extent, Extent]:
        return part.name, part.bound.digest, part.before, part.after


def _widest(extents: Iterable[Extent]) -> Extent:
    bars, seconds = zip(*((extent.bars, extent.seconds) for extent in extents), strict=True)
    return Extent(bars=max(bars), seconds=max(seconds))


@dataclass(frozen=True)
class Neighbours:
    """Which dates hold the context of which, by the number of bars of each date."""

    dates: list[date]
    rows: Callable[[date], int]
    before: Extent
    after: Extent

    def context(self, day: date) -> list[date]:
        """Dates that must be read for `day`, itself included, in order."""
        earlier = self.dates[: bisect_left(self.dates, day)]
        later = self.dates[bisect_right(self.dates, day) :]
        found = list(self._within(day, reversed(earlier), self.before))[::-1]
        return [*found, day, *self._within(day, later, self.after)]

    def dependents(self, day: date) -> list[date]:
        """Other dates in whose context `day` lies."""
        earlier = self.dates[: bisect_left(self.dates, day)]
        later = self.dates[bisect_right(self.dates, day) :]
        depends = lambda other: day in self.context(other)
        return [*takewhile(depends, reversed(earlier)), *takewhile(depends, later)]

    def _within(self, day: date, others: Iterable[date], extent: Extent) -> Iterator[date]:
        """The nearest of `others` until they hold the extent, whatever the hour of the bars on `day`."""
        days = extent.seconds * SECOND / DAY + 1
        rows, beyond = 0, extent.seconds == 0
        for other in others:
            if rows >= extent.bars and beyond:
                return
            yield other
            rows += self.rows(other)
            beyond = beyond or (self.rows(other) > 0 and abs((other - day).days) > days)
