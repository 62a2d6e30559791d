"""Which dates hold the context of which: known from the number of bars of each date, without reading one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import takewhile
from typing import Self

from trading_ml.core.context import Extent
from trading_ml.core.days import Other
from trading_ml.core.time import DAY, SECOND, date_of, day_bounds, overlapped


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
        found = list(self.within(day, reversed(earlier), self.before))[::-1]
        return [*found, day, *self.within(day, later, self.after)]

    def dependents(self, day: date) -> list[date]:
        """Other dates in whose context `day` lies."""
        earlier = self.dates[: bisect_left(self.dates, day)]
        later = self.dates[bisect_right(self.dates, day) :]
        depends = lambda other: day in self.context(other)
        return [*takewhile(depends, reversed(earlier)), *takewhile(depends, later)]

    def within(self, day: date, others: Iterable[date], extent: Extent) -> Iterator[date]:
        """The nearest of `others` until they hold the extent, whatever the hour of the bars on `day`."""
        days = extent.seconds * SECOND / DAY + 1
        rows, beyond = 0, extent.seconds == 0
        for other in others:
            if rows >= extent.bars and beyond:
                return
            yield other
            rows += self.rows(other)
            beyond = beyond or (self.rows(other) > 0 and abs((other - day).days) > days)


@dataclass(frozen=True)
class Overlap:
    """Which dates of other bars hold the context of which dates of ours, each by its own calendar."""

    near: Neighbours
    """Of the other bars' dates."""
    zone: str
    """Of the other bars."""
    own: str
    """Zone of ours."""
    age: int
    """Nanoseconds from which a closed bar no longer counts."""

    @classmethod
    def of(cls, other: Other, own: str, asked: Iterable[date], before: Extent, after: Extent) -> Self:
        """Between other bars and ours of zone `own`, the extents counting in the former.

        Dates `asked` for are told apart whether there are other bars of them or not any more.
        """
        days = other.days
        bare = cls(Neighbours([], days.rows, before, after), days.zone, own, other.wanted.age)
        dates = sorted(bare.during(asked).union(days.dates))
        return replace(bare, near=replace(bare.near, dates=dates))

    def during(self, days: Iterable[date]) -> set[date]:
        """Other dates on which one of our `days` goes on."""
        spans = (overlapped(day, day, self.own, self.zone) for day in days)  # three dates where the day has 25 hours
        return {first + timedelta(number) for first, last in spans for number in range((last - first).days + 1)}

    def context(self, first: date, last: date) -> list[date]:
        """Other dates that must be read for ours from `first` to `last`, in order.

        They hold the last bar that closed before, if it still counts, and the extents around all of these.
        """
        dates, (begin, end) = self.near.dates, overlapped(first, last, self.own, self.zone)
        oldest = date_of(day_bounds(first, self.own)[0] - self.age - 1, self.zone)
        start, stop = bisect_left(dates, begin), bisect_right(dates, end)
        while start and dates[start - 1] >= oldest:
            start -= 1
            if self.near.rows(dates[start]):
                break
        found = dates[start:stop]
        before = self.near.within(found[0], reversed(dates[:start]), self.near.before) if found else ()
        return [*list(before)[::-1], *found, *self.near.within(end, dates[stop:], self.near.after)]
