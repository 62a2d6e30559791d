"""Why chunks were built: which of their inputs are not those of the build before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from trading_ml.datasets.series import Chunk, Made, Store

Content = Mapping[str, Any]


@dataclass(frozen=True)
class Before:
    """The build before: its manifest, and the days of its chunks."""

    store: Store
    content: Content

    @cached_property
    def chunks(self) -> dict[tuple[str, str, str], Chunk]:
        """By kind, instrument and month."""
        chunks = [Chunk(**entry) for entry in self.content["chunks"]]
        return {(chunk.kind, chunk.instrument, chunk.month): chunk for chunk in chunks}

    def days(self, chunk: Chunk) -> dict[str, Any] | None:
        """What each day of the chunk in this one's place came from; None where there was none."""
        found = self.chunks.get((chunk.kind, chunk.instrument, chunk.month))
        return None if found is None else dict(self.store.receipt(found).facts["days"])


def summary(made: Sequence[Made], reasons: Sequence[str]) -> str:
    """One line: how many chunks were built and reused, and why.

    Example:
        >>> summary([], [])
        '0 chunks built, 0 reused'
    """
    new = sum(each.new for each in made)
    counts = f"{_count(new, 'chunk')} built, {len(made) - new:,} reused"
    return f"{counts}: {'; '.join(reasons)}" if reasons else counts


def reasons(made: Iterable[Made], before: Before | None, now: Content) -> list[str]:
    """One line for each reason, with the number of chunks of each kind that it had built.

    Args:
        made: The chunks of a build.
        before: The build before; None for a project's first.
        now: `params` and `sources` of this build, as its manifest has them.
    """
    counted = Counter((each.chunk.kind, _why(each, before, now)) for each in made if each.new)
    return [f"{_count(count, 'chunk')} of {kind}, {why}" for (kind, why), count in counted.items()]


def _why(made: Made, before: Before | None, now: Content) -> str:
    chunk, days = made.chunk, made.receipt.facts["days"]
    if before is None:
        return "the first build"
    if chunk.instrument not in before.content["days"]:
        return f"new instrument {chunk.instrument}"
    old = before.days(chunk)
    if old is None:
        known = any(key[:2] == (chunk.kind, chunk.instrument) for key in before.chunks)
        return _days("new", days) if known else f"new {chunk.kind}"
    added, gone = [day for day in days if day not in old], [day for day in old if day not in days]
    changed = [day for day in days if day in old and days[day] != old[day]]
    told = [_days("new", added)] if added else []
    told += [_days("no more", gone)] if gone else []
    told += _causes(chunk, before.content, now) if changed or not (added or gone) else []
    if told:
        return ", ".join(told)
    last = before.content["days"][chunk.instrument]["last"]
    if changed == [last]:
        return f"{last} has a day after it now"
    return _days("other values on", changed) if changed else "it was not there, or of an older layout"


def _causes(chunk: Chunk, old: Content, now: Content) -> list[str]:
    """What changed of all that decides the values of a kind of chunk: scripts, rules, bars, sampler."""
    kind = chunk.kind
    told = list(scripts(kind, old["sources"], now["sources"])) if kind != "moments" else []
    rules = [of["sources"]["rules"].get(chunk.instrument) for of in (old, now)]
    told += [f"rules of {chunk.instrument} changed"] if rules[0] != rules[1] else []
    for key in ("bars", "samples") if kind == "moments" else ("bars",):
        told += [f"{key} {line}" for line in _changes(old["params"][key], now["params"][key])]
    return told


def scripts(room: str, old: Content, now: Content) -> Iterator[str]:
    """What is different about the scripts of a room (features or labels) between two manifests' sources.

    Example:
        >>> one = {"features": {"atr": {"use": "atr", "params": {"period": 14}, "source": "a"}}}
        >>> two = {"features": {"atr": {"use": "atr", "params": {"period": 20}, "source": "b"}}}
        >>> list(scripts("features", one, two))
        ['features/atr source changed', 'features/atr period 14 → 20']
    """
    one, two = old[room], now[room]
    for name in dict.fromkeys([*one, *two]):
        if name not in one or name not in two:
            yield f"{room}/{name} {'added' if name in two else 'left out'}"
            continue
        (before, after), where = (one[name], two[name]), f"{room}/{name}"
        if before["source"] != after["source"]:
            yield f"{where} source changed"
        plain = [{**of, **of["params"], "params": None, "source": None} for of in (before, after)]
        yield from (f"{where} {line}" for line in _changes(*plain))


def _changes(old: Content, now: Content) -> Iterator[str]:
    for key in dict.fromkeys([*old, *now]):
        if old.get(key) != now.get(key):
            yield f"{key} {old.get(key)} → {now.get(key)}"


def _days(what: str, days: Iterable[str]) -> str:
    """In words: `new day 2024-04-02`, or `new days 2024-04-02 to 2024-04-05 (4)`."""
    first, *rest = sorted(days)
    named = what if what.endswith(" on") else f"{what} day{'s' if rest else ''}"
    return f"{named} {first} to {rest[-1]} ({len(rest) + 1})" if rest else f"{named} {first}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
