"""Whether probabilities mean what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trading_ml.models.evaluate import calibration, deciles, likeliest
from trading_ml.models.source import Kind
from trading_ml.registry.rules.rule import Finding, Rule
from trading_ml.registry.sampling import sampled

if TYPE_CHECKING:
    from trading_ml.registry.exam import Exam
    from trading_ml.registry.rules.case import Case

Floats = NDArray[np.float64]


class Calibration(Rule):
    """The expected calibration error must not exceed the tolerance by more than chance.

    Formula: ECE = Σₖ nₖ·|p̄ₖ − ȳₖ| / n over ten bins of equal size. It is above 0 for honest probabilities too, since
    the shares ȳₖ have a sampling error. How far, is found by drawing blocks of what each sample's p − y differs by from
    its bin's mean: the error of probabilities that are right on average in every bin. By the triangle inequality the
    true error is at least ECE less that chance error's quantile, and this must not exceed the tolerance. Of several
    classes the likeliest one's probability is judged.
    """

    kinds: ClassVar[frozenset[Kind]] = frozenset({"binary", "categorical"})

    tolerance: float = Field(default=0.05, ge=0, lt=1)
    """Mean distance of promised and observed shares that does no harm; what lies beyond it must be chance."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Of the bound on the true error."""

    def judge(self, case: Case) -> Finding:
        """The error, what chance makes of it, and the line that fits best."""
        answers, p = _asked(case.exam)
        error, chance = calibration(answers, p).error, _chance(case.exam, answers, p, self.confidence)
        told = f"probabilities are off by {error:.3f} on average (expected calibration error), by chance at most"
        beyond = error - chance > self.tolerance
        reasons = [f"{told} {chance:.3f}; {self.tolerance:g} is tolerated"] if beyond else []
        return Finding.of(
            reasons, {"ece": error, "by_chance": chance, "promised": p.mean(), "observed": answers.mean()}
        )


def _asked(exam: Exam) -> tuple[Floats, Floats]:
    """Whether the class that is judged happened, and its probability."""
    if exam.kind == "binary":
        return exam.answers.astype(np.float64), exam.model
    return (likeliest(exam.model) == exam.answers).astype(np.float64), exam.model.max(axis=1)


def _chance(exam: Exam, answers: Floats, p: Floats, confidence: float) -> float:
    """The calibration error that probabilities which are right in every bin exceed in a share 1 − confidence."""
    bins, away = deciles(p), p - answers
    counts = np.bincount(bins)
    centred = away - (np.bincount(bins, weights=away) / np.maximum(counts, 1))[bins]
    belongs = np.eye(len(counts))[bins] * centred[:, None]
    (found,) = sampled(exam, [lambda weights: np.abs(weights @ belongs).sum(axis=1) / len(p)])
    return float(np.quantile(found.draws, confidence) * np.sqrt(found.blocks / max(found.blocks - 1, 1)))
