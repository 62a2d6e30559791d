"""What is different between two datasets of a project, from what their manifests and chunks say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from trading_ml.core.lake import Lake
from trading_ml.datasets.dataset import Dataset
from trading_ml.datasets.events import digests, events, projects, promoted, resolve
from trading_ml.datasets.series import Chunk, Store

_ABSENT = "—"
Days = dict[str, dict[str, Any]]


class Change(NamedTuple):
    """One thing that is different.

    Attributes:
        part: Of what: `params`, `scripts`, `rules`, `libraries`, `instruments`, `days`, `chunks`, `samples`,
            `rejected`, `parts`, `balance` or `columns`.
        what: Which of them.
        before: In the first dataset, None where it has no such thing.
        after: In the second one.
    """

    part: str
    what: str
    before: Any
    after: Any

    @property
    def row(self) -> dict[str, str]:
        """A line of a table."""
        return {"of": self.part, "what": self.what, "before": _shown(self.before), "after": _shown(self.after)}


def pair(lake: Lake, words: Iterable[str]) -> tuple[Dataset, Dataset]:
    """The two datasets that words name: `NAME`, `NAME A`, `NAME A B` or `A B`; A and B are digests or begin them.

    What is left out is the promoted dataset as the first one, and the one that was built last as the second.

    Raises:
        Unknown: when there is no such project or dataset. NoData: when none is promoted.
    """
    name, *given = words
    if name not in projects(lake) and given:
        name, given = _owner(lake, name), [name, *given]
    there = digests(lake, name)
    asked = [resolve(lake, name, digest) for digest in given]
    first = asked[0] if len(asked) == 2 else promoted(lake, name)
    second = asked[-1] if asked else there[-1]
    return Dataset.open(lake, name, first), Dataset.open(lake, name, second)


def difference(one: Dataset, two: Dataset) -> list[Change]:
    """Everything that is different, causes first: parameters, scripts, rules, days; then what came of it.

    Example:
        >>> dataset = Dataset.open(lake, "volatility")  # doctest: +SKIP
        >>> difference(dataset, dataset)  # doctest: +SKIP
        []
    """
    a, b = one.manifest, two.manifest
    return [
        *_compared("params", a["params"], b["params"]),
        *_compared("scripts", _scripts(a), _scripts(b)),
        *_compared("rules", _rules(a), _rules(b)),
        *_compared("libraries", _libraries(one), _libraries(two)),
        *_days(one, two),
        *_chunks(a, b),
        *_compared("samples", _samples(a), _samples(b)),
        *_compared("rejected", a["rejected"], b["rejected"]),
        *_compared("parts", _sizes(a), _sizes(b)),
        *_compared("balance", _balance(a), _balance(b)),
        *_compared("columns", a["columns"], b["columns"]),
    ]


def _owner(lake: Lake, digest: str) -> str:
    """The project that has a dataset of this digest; where none has, what is told to be unknown is a project."""
    known = [name for name in projects(lake) if any(each.startswith(digest) for each in digests(lake, name))]
    return known[0] if known else digest


def _compared(part: str, old: Any, new: Any) -> Iterator[Change]:
    one, two = dict(_leaves(old)), dict(_leaves(new))
    for what in dict.fromkeys([*one, *two]):
        if one.get(what) != two.get(what):
            yield Change(part, what, one.get(what), two.get(what))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of nested mappings by its dotted path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def _scripts(content: Mapping[str, Any]) -> dict[str, str]:
    of = content["sources"]
    return {f"{room}.{name}": told["source"][:12] for room in ("features", "labels") for name, told in of[room].items()}


def _rules(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {rule["rule"]: rule for rule in of} for name, of in content["sources"]["rules"].items()}


def _libraries(dataset: Dataset) -> dict[str, str]:
    """Versions with which it was built, as the queue remembers."""
    told = [event for event in events(dataset.lake, dataset.project) if event.event == "built"]
    return next((event.facts["libraries"] for event in told if event.digest == dataset.digest), {})


def _days(one: Dataset, two: Dataset) -> Iterator[Change]:
    """Instruments and days that came or went, and days of which something was built anew."""
    old, new = _sources(one), _sources(two)
    for name in dict.fromkeys([*old, *new]):
        before, after = old.get(name, {}), new.get(name, {})
        if not (before and after):
            yield Change("instruments", name, _span(before), _span(after))
            continue
        added, gone = sorted(after.keys() - before.keys()), sorted(before.keys() - after.keys())
        changed = sorted(day for day in before.keys() & after.keys() if before[day] != after[day])
        told = {"new": (None, _span(added)), "gone": (_span(gone), None), "with other values": (None, _span(changed))}
        yield from (Change("days", f"{name}, {what}", *said) for what, said in told.items() if any(said))


def _sources(dataset: Dataset) -> Days:
    """By instrument and day what its rows in all chunks came from."""
    store, found = Store(dataset.lake, dataset.project), Days()
    for chunk in _listed(dataset.manifest):
        for day, source in store.receipt(chunk).facts["days"].items():
            found.setdefault(chunk.instrument, {}).setdefault(day, []).append((chunk.kind, source))
    return found


def _span(days: Iterable[str]) -> str | None:
    """How many days, and from when to when."""
    known = sorted(days)
    return f"{known[0]} to {known[-1]} ({len(known):,})" if len(known) > 1 else next(iter(known), None)


def _chunks(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Change]:
    """By kind how many chunks only one of them has; what both have is shared on disk."""
    old, new = set(_listed(a)), set(_listed(b))
    for kind in ("features", "labels", "moments"):
        own = [sum(chunk.kind == kind for chunk in each) for each in (old, new, old & new)]
        if own[0] != own[2] or own[1] != own[2]:
            yield Change("chunks", f"{kind}, {own[2]:,} shared", own[0] - own[2], own[1] - own[2])


def _listed(content: Mapping[str, Any]) -> list[Chunk]:
    return [Chunk(**entry) for entry in content["chunks"]]


def _samples(content: Mapping[str, Any]) -> dict[str, Any]:
    by_instrument = {name: account["kept"] for name, account in content["accounts"].items()}
    return {"of bars": content["candidates"], "kept": content["kept"], **by_instrument}


def _sizes(content: Mapping[str, Any]) -> dict[str, Any]:
    return {f"fold {number}": fold["samples"] for number, fold in enumerate(content["folds"])}


def _balance(content: Mapping[str, Any]) -> dict[str, Any]:
    """Shares of the classes, which compare across sizes; of a number its statistics."""
    return {
        f"fold {number}.{label}.{part}": _shares(told)
        for number, fold in enumerate(content["folds"])
        for label, parts in fold["balance"].items()
        for part, told in parts.items()
    }


def _shares(told: Mapping[str, Any]) -> Mapping[str, Any]:
    if "mean" in told and "std" in told:
        return told
    return {name: round(count / sum(told.values()), 4) for name, count in told.items()}


def grouped(changes: Iterable[Change]) -> dict[str, list[dict[str, Any]]]:
    """By part what is different, as JSON has it."""
    parts = groupby(changes, key=lambda change: change.part)
    return {
        part: [{"what": each.what, "before": each.before, "after": each.after} for each in of] for part, of in parts
    }


def _shown(value: Any) -> str:
    if value is None:
        return _ABSENT
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
