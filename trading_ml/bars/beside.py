"""Bars beside a project's own: which ones its scripts mean, and where they lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import polars as pl

from trading_ml.bars.params import BarParams
from trading_ml.bars.sources import sources
from trading_ml.bars.statistics import STATISTICS
from trading_ml.core.context import Extent, Part
from trading_ml.core.days import Days, Other
from trading_ml.core.errors import BadParams, NoData, Unknown, nearest
from trading_ml.core.instruments import Instrument, instrument
from trading_ml.core.joined import joined
from trading_ml.core.lake import Lake
from trading_ml.core.neighbours import Overlap
from trading_ml.core.other import Bars
from trading_ml.core.script import Use
from trading_ml.core.settings import Settings
from trading_ml.ticks.uploads import ledger

_RULES = ("every", "ticks", "volume", "dollar")


def params_of(own: BarParams, wanted: Bars, where: str = "on") -> BarParams:
    """The parameters of other bars: what they leave out is as with our own.

    Raises:
        BadParams: naming the key at fault below `where`.

    Example:
        >>> other = params_of(BarParams(every="1m", session="regular"), Bars("30m"))
        >>> other.every, other.session
        ('30m', 'regular')
    """
    ruled = any(rule in wanted.rule for rule in _RULES)
    kept = {key: value for key, value in own.model_dump(exclude_defaults=True).items() if not (ruled and key in _RULES)}
    return BarParams.parse(kept | wanted.rule, where)


def part(
    lake: Lake, own: BarParams, traded: Instrument, name: str, use: Use, before: Extent, after: Extent | None = None
) -> Part:
    """A script in a table of `traded`, with the other bars that it looks at.

    Args:
        lake: Where the bars are.
        own: The bars of the table.
        traded: The instrument of the table.
        name: What the script goes by there.
        use: The script as a project names it.
        before: Its measured warm-up.
        after: Its reach, of a label.

    Raises:
        BadParams: when other bars cannot be. Unknown: when no file told of an instrument. NoData: when other bars
            are not built.
    """
    others = tuple(
        Other(asks, wanted, found(lake, own, traded, wanted, f"{use.kind}s.{name}.{asks}"))
        for asks, wanted in use.others.items()
    )
    return Part(name, use.bound, before, after or Extent(), others)


def found(lake: Lake, own: BarParams, traded: Instrument, wanted: Bars, where: str) -> Days:
    """The days of other bars that rows of `traded` look at; see `part`."""
    params, name = params_of(own, wanted, where), wanted.instrument or traded.name
    table = lake.table("bars", params.name)
    if not table.dates(name):
        merged = sources(lake, params).instruments()
        if name in merged:
            raise NoData(f"{where}, bars {params.name} of {name}", "are not built", "build them first")
        if params.kind != own.kind:
            raise NoData(f"{where}, {params.kind} of {name}", "are not there", "ingest a file that holds them")
        known = {cell.instrument for status in ledger(lake) for cell in status.touched}.union(merged)
        if name not in known:
            raise Unknown(f"{where}, {name}", "unknown instrument", nearest(name, known))
    return Days(table, name, instrument(name, Settings().instruments).zone)


class Wanted(NamedTuple):
    """Other bars that a project's scripts look at."""

    params: BarParams
    instrument: str | None
    """None for each instrument its own."""
    age: int
    """Nanoseconds from which a closed bar no longer counts."""


def wanted_by(own: BarParams, uses: Iterable[tuple[str, Use]]) -> Iterator[Wanted]:
    """The other bars of some scripts, each by its name in a project.

    Raises:
        BadParams: naming the script and the key at fault, or the feature that looks at what became known later.
    """
    for name, use in uses:
        wanted = [
            Wanted(params_of(own, bars, f"{use.kind}s.{name}.{asks}"), bars.instrument, bars.age)
            for asks, bars in use.others.items()
        ]
        _refuse_hindsight([own, *(each.params for each in wanted)], name, use)
        yield from wanted


def _refuse_hindsight(read: Iterable[BarParams], name: str, use: Use) -> None:
    """No proof would find it: how an order ended is told in the bar in which it was placed."""
    for bars in read:
        known_later = [told for told in bars.statistics if STATISTICS[told].hindsight]
        if use.kind == "feature" and known_later:
            problem = f"looks at bars with '{known_later[0]}', which became known after them"
            raise BadParams(f"features.{name}", problem, "only labels may")


def sample(
    lake: Lake, own: BarParams, traded: Instrument, name: str, use: Use, rows: int = 20_000
) -> tuple[pl.DataFrame | None, str]:
    """The latest real bars that a script of a table of `traded` would be given, to prove it on, and their zone.

    None where there are no such bars yet.

    Raises:
        BadInput: as `part`.
    """
    days = Days(lake.table("bars", own.name), traded.name, traded.zone)
    others = part(lake, own, traded, name, use, Extent()).others
    if use.on:
        days = others[0].days
    if not (dates := _latest(days, rows)):
        return None, days.zone
    bars = _held(days, tuple(days.sources(dates)))
    for other in () if use.on else others:
        overlap = Overlap.of(other, days.zone, (), Extent(), Extent())
        beside = other.days.frame(overlap.context(dates[0], dates[-1]), like=days.frame(()))
        bars = joined(bars, beside, other.name, other.wanted)
    return bars, days.zone


@lru_cache(maxsize=2)
def _held(days: Days, sources: tuple[tuple[date, str], ...]) -> pl.DataFrame:
    """Bars of these dates and digests; all scripts of a project are given the same ones."""
    return days.frame([day for day, _ in sources])


def _latest(days: Days, rows: int) -> list[date]:
    """The latest dates that together have so many bars."""
    counts = accumulate(days.rows(day) for day in reversed(days.dates))
    enough = next((number for number, count in enumerate(counts, start=1) if count >= rows), len(days.dates))
    return days.dates[-enough:] if enough else []
