"""The bars of one instrument by date, ours or others; what is asked of them without reading them is asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, lru_cache, partial
from typing import Any

import polars as pl

from trading_ml.core.lake import Receipt, Table
from trading_ml.core.other import Bars

_HELD = 32


@dataclass(frozen=True)
class Days:
    """One instrument's partitions of a table of bars, as a build finds them."""

    table: Table
    instrument: str
    zone: str = "UTC"
    """Whose calendar date partitions them."""

    @cached_property
    def dates(self) -> list[date]:
        """Dates that have a partition, in order."""
        return self.table.dates(self.instrument)

    @cached_property
    def receipt(self) -> Callable[[date], Receipt | None]:
        """The receipt of a date, looked up once."""
        return cache(partial(self.table.receipt, self.instrument))

    @cached_property
    def read(self) -> Callable[[date], pl.DataFrame]:
        """The bars of a date; the last ones read are held."""
        return lru_cache(_HELD)(partial(self.table.read, self.instrument))

    def rows(self, day: date) -> int:
        """Bars of a date."""
        return receipt.rows if (receipt := self.receipt(day)) else 0

    def sources(self, dates: Iterable[date]) -> list[tuple[date, str]]:
        """Those of `dates` that are there, each with the digest of its bars."""
        return [(day, receipt.digest) for day in dates if (receipt := self.receipt(day))]

    def digests(self, dates: Iterable[date]) -> dict[str, str]:
        """The same as a receipt says it: by the date's name."""
        return {day.isoformat(): digest for day, digest in self.sources(dates)}

    def frame(self, dates: Iterable[date], like: pl.DataFrame | None = None) -> pl.DataFrame:
        """The bars of `dates` that are there, one after the other; where there never were any, none `like` these."""
        found = [self.read(day) for day in dates if self.receipt(day)]
        if found:
            return pl.concat(found)
        return (self.read(self.dates[0]) if like is None or self.dates else like).clear()


@dataclass(frozen=True)
class Other:
    """Other bars of a script, found."""

    name: str
    """What asks for them: `on`, or the name given in `@needs`."""
    wanted: Bars
    days: Days

    def told(self, dates: Iterable[date]) -> dict[str, Any]:
        """What a receipt says of them: which they are, and the digests of those of some dates that are there."""
        wanted = self.wanted.model_dump(mode="json", exclude_defaults=True)
        held = {"instrument": self.days.instrument, "days": self.days.digests(dates)}
        return {"as": self.name, "wanted": wanted, **held}

    @property
    def recipe(self) -> tuple[Any, ...]:
        """What decides which of their rows are joined to ours, beside these rows."""
        days = self.days
        return self.name, self.wanted.age, self.wanted.inside, days.table.parts, days.instrument, days.zone
