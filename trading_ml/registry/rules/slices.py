"""Whether the skill is there all the time, or was there once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trading_ml.registry.rules.rule import Finding, Rule
from trading_ml.registry.sampling import Sampled, plain, sampled, scored, student

if TYPE_CHECKING:
    from trading_ml.registry.rules.case import Case

Floats = NDArray[np.float64]


class Slices(Rule):
    """The advantage over the strongest baseline must be spread over the test part and must not have faded.

    The test part is cut in time into slices of as many samples each. The advantage must be positive in enough of them,
    its mean over the slices must exceed 0 beyond **their** spread (Student's t over n slices, Ibragimov and Müller
    2010: skill that is in one slice alone has t = 1, however great it is), and the newer half must not be worse than
    the older one beyond sampling error.
    """

    count: int = Field(default=6, ge=3)
    """Slices."""
    positive: int = Field(default=4, ge=0)
    """Slices in which the advantage must be positive."""
    confidence: float = Field(default=0.9, gt=0.5, lt=1)
    """That the mean over the slices is above 0."""
    fade_confidence: float = Field(default=0.975, gt=0.5, lt=1)
    """With which the newer half must be worse to refuse."""

    def judge(self, case: Case) -> Finding:
        """A line a slice."""
        places = np.array_split(np.arange(len(case.exam.answers)), self.count)
        rows = [_row(case, slice(int(own[0]), int(own[-1]) + 1)) for own in places]
        found = np.array([row["advantage"] for row in rows])
        found = found[np.isfinite(found)]
        if len(found) < 3:
            return Finding.unasked(f"the metric is undefined in {self.count - len(found)} of {self.count} slices")
        t, fade = _t(found), _fade(case)
        reasons = list(self._reasons(case.strongest, found, t, fade, fade.upper(1 - self.fade_confidence)))
        figures = {"positive": int((found > 0).sum()), "slices": len(found), "t": t, "newer_less_older": fade.value}
        return Finding.of(reasons, figures, f"against {case.strongest}", rows)

    def _reasons(self, baseline: str, found: Floats, t: float, fade: Sampled, upper: float) -> Iterator[str]:
        positive, count = int((found > 0).sum()), len(found)
        if positive < self.positive * count / self.count:
            told = f"at least {self.positive} of {self.count} are demanded"
            yield f"better than {baseline} in only {positive} of {count} slices of the test part, {told}"
        if t <= student(1 - self.confidence, count):
            yield f"its advantage over {baseline} comes from few of {count} slices of the test part (t {t:.2f})"
        if upper < 0:
            told = f"less in the newer half of the test part ({fade.value:+.4f}, upper bound {upper:+.4f})"
            yield f"its advantage over {baseline} has faded: {told}"


def _row(case: Case, where: slice) -> dict[str, Any]:
    exam = case.exam
    model, other = (plain(exam, case.metric, told, where) for told in (exam.model, exam.baselines[case.strongest]))
    first = np.datetime64(int(exam.starts[where][0]), "ns").astype("datetime64[s]")
    return {"from": str(first), "model": model, case.strongest: other, "advantage": case.sign * (model - other)}


def _t(found: Floats) -> float:
    """Mean over its standard error; what does not vary is as sure as can be."""
    error = found.std(ddof=1) / np.sqrt(len(found))
    return float(found.mean() / error) if error > 0 else float(np.sign(found.mean()) * 1e9)


def _fade(case: Case) -> Sampled:
    """How much greater the advantage is in the newer half than in the older one."""
    exam, middle = case.exam, len(case.exam.answers) // 2
    halves = slice(middle, None), slice(None, middle)
    told = exam.model, exam.baselines[case.strongest]
    new, newer, old, older = sampled(exam, [scored(exam, case.metric, each, half) for half in halves for each in told])
    grown = (new - newer) - (old - older)
    return grown if case.sign > 0 else -grown
