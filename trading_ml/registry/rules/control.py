"""Whether nothing is learnt where there is nothing to learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from trading_ml.registry.rules.rule import Finding, Rule
from trading_ml.registry.sampling import Sampled, sampled, scored

if TYPE_CHECKING:
    from trading_ml.registry.exam import Exam
    from trading_ml.registry.rules.case import Case


class Control(Rule):
    """The same model, taught on permuted labels, must show no skill on the validation part.

    Labels are permuted in blocks over all samples, so that neighbours keep their common answers and the windows say
    nothing about any. A model that still answers better than a constant has seen the validation samples in training, or
    is told labels by another way than its windows. It is off by default since each permutation costs a short training.
    What it does **not** see is a feature made from the label, whose link to it the permutation cuts as well: for those
    there are the proof of no look-ahead, the audit's `leak` and the rule `plausible`.
    Source: Markus Ojala and Gemma Garriga, Permutation Tests for Studying Classifier Performance, JMLR 11 (2010).
    """

    on: bool = False
    """Whether it is made; it is where bounds are given."""
    permutations: int = Field(default=2, ge=1)
    """How often labels are permuted and a model is taught."""
    epochs: int = Field(default=3, ge=1)
    """Epochs of each training at most."""
    confidence: float = Field(default=0.99, gt=0.5, lt=1)
    """That what is seen is no chance, all permutations together."""

    def judge(self, case: Case) -> Finding:
        """A line a permutation."""
        if not case.controls:
            return Finding.unasked("no control was made")
        found = [(exam, _better(case, exam)) for exam in case.controls]
        share = (1 - self.confidence) / len(found)
        rows = [{"advantage": each.value, "lower_bound": each.lower(share)} for _, each in found]
        return Finding.of(_reasons(case.metric, [row["lower_bound"] for row in rows], found), rows=rows)


def _better(case: Case, exam: Exam) -> Sampled:
    """How much better than the constant answer the control is, which has no other baseline."""
    (constant,) = exam.baselines.values()
    own, other = sampled(exam, [scored(exam, case.metric, told) for told in (exam.model, constant)])
    return own - other if case.sign > 0 else -(own - other)


def _reasons(metric: str, bounds: Sequence[float], found: Sequence[tuple[Exam, Sampled]]) -> list[str]:
    sure = [each for bound, (_, each) in zip(bounds, found, strict=True) if bound > 0]
    if not sure:
        return []
    told = f"{metric} better than a constant answer's by {max(each.value for each in sure):.4f}"
    return [
        f"taught on permuted labels it still shows skill on the validation part ({told}): labels leak into training"
    ]
