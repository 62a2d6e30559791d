"""Whether the model knows more than what is easy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trading_ml.core.params import Params
from trading_ml.registry.bootstrap import METRICS
from trading_ml.registry.rules.rule import Finding, Rule

if TYPE_CHECKING:
    from trading_ml.registry.rules.case import Case


class Advantage(Params):
    """How much better the model is than a baseline; positive is better, whatever the metric."""

    label: str = ""
    metric: str = ""
    baseline: str
    model: float
    """The metric of the model."""
    reference: float
    """The metric of the baseline."""
    difference: float
    standard_error: float
    lower_bound: float
    """One-sided confidence bound of the difference; the model must stay above 0."""


class Skill(Rule):
    """Better than **every** baseline by more than sampling error: each lower confidence bound lies above 0.

    To be better than all of them at once needs no correction (an intersection of tests); looking at the same test part
    again does. The bounds of all openings together are wrong in at most the share 1 − confidence, of which the n-th may
    spend the part 1/(n·(n + 1)).
    """

    def judge(self, case: Case) -> Finding:
        """A line a baseline."""
        found = advantages(case)
        reasons = [_weakness(each) for each in found if not each.lower_bound > 0]
        return Finding.of(reasons, {"share_of_error": case.share}, rows=[each.model_dump() for each in found])


def advantages(case: Case) -> tuple[Advantage, ...]:
    """The advantage over each baseline, at the share of error of this opening."""
    pairs = [(name, case.advantage(name)) for name in case.exam.baselines]
    return tuple(
        Advantage(
            label=case.exam.label, metric=case.metric, baseline=name, model=case.sampled["model"].value,
            reference=case.sampled[name].value, difference=better.value, standard_error=better.error,
            lower_bound=better.lower(case.share),
        )
        for name, better in pairs
    )  # fmt: skip


def _weakness(found: Advantage) -> str:
    shape = ".4g" if found.metric in METRICS["numeric"] else ".4f"
    return (
        f"{found.metric} {found.model:{shape}} is not better than {found.baseline} {found.reference:{shape}} beyond "
        f"sampling error (advantage {found.difference:+{shape}}, lower bound {found.lower_bound:+{shape}})"
    )
