"""Whether the answers are too good to be found honestly."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from trading_ml.models.source import Kind
from trading_ml.registry.rules.rule import Finding, Rule
from trading_ml.registry.sampling import plain

if TYPE_CHECKING:
    from trading_ml.registry.rules.case import Case

_SLOW = "persistence"


class Plausible(Rule):
    """Nobody knows a market nearly surely: who does has most likely been told the answer.

    A ROC AUC on the test part above the limit is refused, unless the label is so slow that the last known one gives it
    away as well (`slow`): no leak can help that baseline, which sees no feature.
    """

    kinds: ClassVar[frozenset[Kind]] = frozenset({"binary"})

    limit: float = Field(default=0.98, gt=0.5, le=1)
    """ROC AUC above which an answer is not believed."""
    slow: float = Field(default=0.9, gt=0.5, le=1)
    """ROC AUC of persistence from which on it is."""

    def judge(self, case: Case) -> Finding:
        """ROC AUC of the model and of persistence."""
        told = case.exam.baselines.get(_SLOW)
        found = plain(case.exam, "roc_auc", case.exam.model)
        known = 0.5 if told is None else plain(case.exam, "roc_auc", told)
        beyond = found > self.limit and known < self.slow
        why = "look at how its features are made, for one of them is likely to be told the answer"
        reasons = [f"roc_auc {found:.4f} is too good to be true: {why}"] if beyond else []
        return Finding.of(reasons, {"roc_auc": found, "persistence": known})
