"""The dataset in Markdown: what a person wants to see before training on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trading_ml.datasets.dataset import Dataset
from trading_ml.datasets.splits import PARTS, SPLITS


def describe(dataset: Dataset) -> str:
    """Counts, rejections, purge, label balance and columns, as Markdown tables."""
    content = dataset.manifest
    rejected = ((reason, f"{count:,}") for reason, count in content["rejected"].items() if count)
    blocks = [
        f"**{content['project']}**, dataset `{content['digest'][:12]}`: {content['kept']:,} samples "
        f"of {content['candidates']:,} bars",
        _table(["instrument", "from", "to", "days", "samples"], _instruments(content)),
        _table(["rejected because", "bars"], rejected),
        _table(["fold", *PARTS, "overlaps", "test sharing bars with train"], _folds(content)),
        _warning(content),
        _table(["fold", "label", "part", "balance"], _balance(content)),
        _table(["column", "min", "mean", "max", "std", "nulls"], _columns(content)),
        _hindsight(content),
    ]
    return "\n\n".join(filter(None, blocks))


def _instruments(content: dict[str, Any]) -> Iterable[Sequence[str]]:
    for name, days in content["days"].items():
        yield name, days["first"], days["last"], f"{days['count']:,}", f"{content['accounts'][name]['kept']:,}"


def _folds(content: dict[str, Any]) -> Iterable[Sequence[str]]:
    for number, fold in enumerate(content["folds"]):
        yield (
            str(number),
            *(f"{fold['samples'][part]:,}" for part in PARTS),
            str(fold["overlaps"]),
            f"{fold['shared_bars']:.1%}",
        )


def _balance(content: dict[str, Any]) -> Iterable[Sequence[str]]:
    for number, fold in enumerate(content["folds"]):
        for label, parts in fold["balance"].items():
            for part, told in parts.items():
                yield str(number), label, part, ", ".join(f"{key} {_number(value)}" for key, value in told.items())


def _columns(content: dict[str, Any]) -> Iterable[Sequence[str]]:
    for column, told in content["columns"].items():
        yield column, *(_number(told[key]) for key in ("min", "mean", "max", "std", "nulls"))


def _warning(content: dict[str, Any]) -> str:
    """Of a split that draws at random: how much of the test the model has all but seen."""
    if not SPLITS[content["params"]["split"]["by"]].at_random:
        return ""
    taught = sum(fold["samples"]["train"] + fold["purged"]["train"] for fold in content["folds"])
    purged, seen = sum(fold["purged"]["train"] for fold in content["folds"]), content["folds"][-1]["shared_bars"]
    return (
        f"**Warning:** a random split tests on the neighbours of what it trains on. {seen:.1%} of the test samples "
        f"show bars that training samples show too, and {purged / taught:.1%} of the training samples had labels that "
        "overlapped a judging one and were purged. Expect worse in production; split by time to know."
    )


def _hindsight(content: dict[str, Any]) -> str:
    rules = sorted({rule["rule"] for of in content["sources"]["rules"].values() for rule in of if not rule["causal"]})
    return f"Ticks were cleaned with hindsight by: {', '.join(rules)}." if rules else ""


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *lines]) if lines else ""
