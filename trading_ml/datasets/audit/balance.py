"""How labels are distributed, by part and by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from trading_ml.datasets.audit.check import Check, Verdict, row
from trading_ml.datasets.audit.verdict import Severity

if TYPE_CHECKING:
    from trading_ml.datasets.audit.view import View

_JUDGED = ("train", "validation", "test")


class Balance(Check):
    """No part without a second answer: what has one class can neither be learnt nor judged.

    Of every fold; a number must vary within each part.
    """

    warn_share: float = Field(default=0.02, ge=0, le=0.5)
    """Share of a part's samples below which a class is told to be rare."""

    def judge(self, view: View) -> Verdict:
        """A line a fold, label and part."""
        said, rows = [], []
        for fold, told in enumerate(view.manifest["folds"]):
            for label, parts in told["balance"].items():
                for part in _JUDGED:
                    found = parts[part]
                    where = f"{label}, {part} part" + (f" of fold {fold}" if len(view.manifest["folds"]) > 1 else "")
                    rows.append(row(fold=fold, label=label, part=part, **found))
                    classes = view.dataset.classes[label]
                    said += self._numbers(where, found) if classes is None else self._classes(where, found, classes)
        return Verdict(tuple(said), tuple(rows))

    def _numbers(self, where: str, found: dict[str, Any]) -> list[tuple[Severity, str]]:
        if found["min"] == found["max"]:
            return [("refuse", f"{where}: every answer is {found['min']:g}; move the split or mend the label")]
        return []

    def _classes(self, where: str, found: dict[str, int], classes: list[str]) -> list[tuple[Severity, str]]:
        if len(found) == 1:
            return [("refuse", f"{where}: every answer is '{next(iter(found))}'; move the split or mend the label")]
        rare = min(classes, key=lambda name: found.get(name, 0))
        share = found.get(rare, 0) / sum(found.values())
        if share < self.warn_share:
            return [("warn", f"{where}: '{rare}' is {share:.2%} of the answers; give more days or another threshold")]
        return []
