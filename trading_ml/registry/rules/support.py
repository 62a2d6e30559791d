"""Whether the model says yes often enough to be judged by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from trading_ml.models.source import Kind
from trading_ml.models.threshold import table
from trading_ml.registry.rules.rule import Finding, Rule

if TYPE_CHECKING:
    from trading_ml.registry.rules.case import Case


class Support(Rule):
    """At the threshold the model must say yes a few times, and find a part of what there is.

    Who says yes to the ten samples that it is surest of can have a precision of 1 and be of no use: the system whose
    search for precision alone this replaces deployed a model of precision 1.0 at a recall of 0.017.
    """

    kinds: ClassVar[frozenset[Kind]] = frozenset({"binary"})

    min_positives: int = Field(default=30, ge=1)
    """Fewest test samples that are answered yes."""
    min_recall: float = Field(default=0.05, ge=0, le=1)
    """Least share of what happened that is found."""

    def judge(self, case: Case) -> Finding:
        """Counts at the threshold."""
        (row,) = table(case.exam.answers, case.exam.model, [case.threshold])
        return Finding.of(self._reasons(row), row)

    def _reasons(self, row: dict[str, float]) -> Iterator[str]:
        where = f"above the threshold of {row['score']:.3g}"
        if row["support"] < self.min_positives:
            fewest = f"at least {self.min_positives} are demanded"
            yield f"says yes to only {row['support']} test samples {where}, {fewest}"
        if row["recall"] < self.min_recall:
            least = f"at least {self.min_recall:g} is demanded"
            yield f"recall {row['recall']:.3f} {where} (precision {row['precision']:.3f}), {least}"
