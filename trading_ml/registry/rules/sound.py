"""Whether a judgement can be made at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trading_ml.models.evaluate import likeliest
from trading_ml.registry.bootstrap import overlap
from trading_ml.registry.rules.rule import Finding, Rule

if TYPE_CHECKING:
    from trading_ml.registry.exam import Exam
    from trading_ml.registry.rules.case import Case


class Sound(Rule):
    """Enough test samples that differ, answers that are numbers and are not all alike.

    Where it refuses, nothing else is asked: no comparison of such answers means anything.
    """

    min_blocks: int = Field(default=10, ge=2)
    """Fewest stretches of time that no label has in common with the next."""

    def judge(self, case: Case) -> Finding:
        """Reasons to refuse without comparing."""
        samples, most = len(case.exam.answers), overlap(case.exam.starts, case.exam.ends)
        figures = {"samples": samples, "overlapping": most, "blocks": samples // most}
        return Finding.of(self._reasons(case, samples // most), figures)

    def _reasons(self, case: Case, blocks: int) -> Iterator[str]:
        exam, samples = case.exam, len(case.exam.answers)
        numeric = exam.kind == "numeric"
        alike = "one number" if numeric else "one class"
        if samples < case.min_samples:
            yield f"only {samples} test samples, at least {case.min_samples} are demanded"
        if samples and exam.answers.min() == exam.answers.max():
            yield f"the test part holds {alike} only"
        if not np.isfinite(exam.model).all():
            yield f"some {'predictions' if numeric else 'probabilities'} are not numbers"
        elif samples and not np.ptp(named := _named(exam, case.threshold), axis=0).any():
            told = "" if numeric else f" ({exam.classes[named[0]]})"
            yield f"predicts {alike} only{told} on {samples} test samples"
        if samples >= case.min_samples and blocks < self.min_blocks:
            told = f"only {blocks} independent blocks remain, at least {self.min_blocks} are needed"
            yield f"labels overlap so long that {told}"


def _named(exam: Exam, threshold: float) -> NDArray[Any]:
    """What the model answers where it has to decide: classes, or the numbers themselves."""
    if exam.kind == "binary":
        return (exam.model > threshold).astype(np.int64)
    return exam.model if exam.kind == "numeric" else likeliest(exam.model)
