"""Whether the version is as good as the one it would replace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from trading_ml.registry.rules.rule import Finding, Rule
from trading_ml.registry.sampling import sampled, scored

if TYPE_CHECKING:
    from trading_ml.registry.rules.case import Case


class Champion(Rule):
    """No worse than the champion on the newest samples, those of which the champion knew nothing when it was made.

    Both answer the same samples of the test part, and the difference is taken on the same resamples. A version is
    refused where it is worse beyond sampling error; with a `margin`, unless it is sure to be at most so much worse.
    """

    margin: float | None = Field(default=None, ge=0)
    """Of the metric."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Of the bound on the difference."""
    min_samples: int = Field(default=200, ge=1)
    """Fewest samples that are new to the champion."""

    def judge(self, case: Case) -> Finding:
        """The difference on what is new to both."""
        rival, exam = case.champion, case.exam
        if rival is None:
            return Finding.unasked(case.no_champion)
        new = exam.starts >= rival.since
        if new.sum() < self.min_samples:
            told = f"only {new.sum()} test samples are new to the champion, version {rival.version}"
            return Finding.unasked(f"{told}; {self.min_samples} are needed")
        own, other = sampled(exam, [scored(exam, case.metric, told, new) for told in (exam.model, rival.answers)])
        better = own - other if case.sign > 0 else -(own - other)
        share = 1 - self.confidence
        if not np.isfinite([better.value, better.error]).all():
            return Finding.unasked(f"{case.metric} is undefined on what is new to the champion")
        figures = {
            "version": rival.version, "samples": int(new.sum()), "model": own.value, "champion": other.value,
            "difference": better.value, "lower_bound": better.lower(share), "upper_bound": better.upper(share),
        }  # fmt: skip
        return Finding.of(self._reasons(case.metric, figures), figures)

    def _reasons(self, metric: str, told: dict[str, float]) -> list[str]:
        who = f"the champion, version {told['version']:.0f}"
        shown = f"{metric} {told['model']:.4f} against {told['champion']:.4f} on {told['samples']:.0f} new samples"
        if self.margin is None:
            bound = f"upper bound of the difference {told['upper_bound']:+.4f}"
            return [f"is worse than {who}: {shown}, {bound}"] if told["upper_bound"] < 0 else []
        bound = f"lower bound of the difference {told['lower_bound']:+.4f}"
        sure = told["lower_bound"] >= -self.margin
        return [] if sure else [f"may be worse than {who} by more than {self.margin:g}: {shown}, {bound}"]
