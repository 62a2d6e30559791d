"""How labels are distributed, by part and by month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import Field

from trading_ml.datasets.audit.check import Check, Verdict, row
from trading_ml.datasets.statistics import balance

if TYPE_CHECKING:
    from trading_ml.datasets.audit.verdict import Severity
    from trading_ml.datasets.audit.view import View

_JUDGED = ("train", "validation", "test")


class Balance(Check):
    """No part without a second answer: what has one class can neither be learnt nor judged.

    Of every fold; a number must vary within each part.
    """

    warn_share: float = Field(default=0.02, ge=0, le=0.5)
    """Share of a part's samples below which a class is told to be rare."""

    def judge(self, view: View) -> Verdict:
        """A line a fold, label and part; beside it, a line a label and month."""
        said, rows = [], []
        folds = view.manifest["folds"]
        for number, fold in enumerate(folds):
            for label, parts in fold["balance"].items():
                for part in _JUDGED:
                    found = _named(view, label, parts[part])
                    rows.append(row(fold=number, label=label, part=part, **found))
                    where = f"{label}, {part} part" + (f" of fold {number}" if len(folds) > 1 else "")
                    said += self._judged(where, found, is_number=view.dataset.classes[label] is None)
        return Verdict(said, rows, {"by month": list(_months(view))})

    def _judged(self, where: str, found: Mapping[str, Any], is_number: bool) -> Iterator[tuple[Severity, str]]:
        answers = [found["min"], found["max"]] if is_number else [name for name, count in found.items() if count]
        if len({*answers}) == 1:
            yield "refuse", f"{where}: every answer is {answers[0]}; move the split, or mend the label"
        elif not is_number:
            rare = min(found, key=lambda name: found[name])
            share = found[rare] / sum(found.values())
            if share < self.warn_share:
                yield "warn", f"{where}: {rare} is {share:.2%} of the answers; give more days, or ask for less"


def _named(view: View, label: str, counted: Mapping[str, Any]) -> dict[str, Any]:
    """Counts by class, the absent ones too, a Boolean's by the names of its classes; of a number its statistics."""
    classes = view.dataset.classes[label]
    if classes is None:
        return dict(counted)
    kept = ("false", "true") if view.dataset.samples.schema[label] == pl.Boolean else classes
    return {name: counted.get(key, 0) for name, key in zip(classes, kept, strict=True)}


def _months(view: View) -> Iterator[Mapping[str, Any]]:
    dated = view.dataset.samples.with_columns(month=pl.col("ts").dt.strftime("%Y-%m"))
    for (month,), samples in dated.partition_by("month", as_dict=True).items():
        whole = pl.repeat("train", samples.height, eager=True)
        for label, told in balance(samples.drop("month"), whole).items():
            yield row(label=label, month=month, samples=samples.height, **_named(view, label, told["train"]))
