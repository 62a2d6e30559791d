"""The gate: whether a version has shown skill on the test part, or was merely lucky, or knows nothing of its own.

A pure decision: the same answers and the same counts give the same verdict. What is demanded are the `rules`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trading_ml.core.params import Params
from trading_ml.models.evaluate import THRESHOLD
from trading_ml.registry.exam import Exam
from trading_ml.registry.params import GateParams
from trading_ml.registry.rules import Finding
from trading_ml.registry.rules.case import Case, Rival
from trading_ml.registry.rules.skill import Advantage, advantages

_FIRST = "sound"


class Verdict(Params):
    """The gate's answer."""

    passed: bool
    reasons: tuple[str, ...] = ()
    """Why the version was refused; empty when it passed."""
    advantages: tuple[Advantage, ...] = ()
    openings: int = 1
    """Versions judged on this test part so far, this one included."""
    trials: int = 0
    """Models whose training was begun on this dataset so far, abandoned ones included."""
    thresholds: dict[str, float] = {}
    """By label of two classes the score above which it is answered yes."""
    rules: tuple[Finding, ...] = ()
    """What each rule found on each label."""

    def table(self) -> list[dict[str, Any]]:
        """A line for each rule and label: passed, refused or not asked, its figures, and why."""
        several = len({found.label for found in self.rules}) > 1
        return [({"label": found.label} if several else {}) | found.line() for found in self.rules]


@dataclass(frozen=True)
class Known:
    """What is known of a label beside its exam on the test part; what is left out is not known."""

    threshold: float = THRESHOLD
    others: Mapping[str, Exam] = field(default_factory=dict)
    champion: Rival | None = None
    no_champion: str = "there is no champion yet"
    controls: tuple[Exam, ...] = ()


def judge(
    params: GateParams,
    exams: Sequence[Exam],
    openings: int = 1,
    trials: int = 0,
    known: Mapping[str, Known] | None = None,
) -> Verdict:
    """Judge a version by its exams on the test part, one for each of its labels, all of which it must pass.

    Every rule that is on must let every label pass. Demanding all at once needs no correction (an intersection of
    tests); looking at the same test part again does, see `share_of_error`. Models that were tried and never opened the
    test part need none: they were chosen among by the validation part, of which the bounds on the test part know
    nothing. Their number is told all the same.

    Args:
        params: What is demanded.
        exams: What was asked and answered.
        openings: Versions judged on this test part so far, this one included.
        trials: Models whose training was begun on this dataset so far.
        known: By label what else is known.
    """
    cases = [_case(params, exam, openings, trials, (known or {}).get(exam.label, Known())) for exam in exams]
    found = [(case, tuple(_findings(params, case))) for case in cases]
    several = len(exams) > 1
    return Verdict(
        passed=all(each.passed is not False for _, told in found for each in told),
        reasons=tuple(
            f"{each.label}: {why}" if several else why for _, told in found for each in told for why in each.reasons
        ),
        advantages=tuple(each for case, told in found if told[0].passed for each in advantages(case)),
        openings=openings,
        trials=trials,
        thresholds={case.exam.label: case.threshold for case in cases if case.exam.kind == "binary"},
        rules=tuple(each for _, told in found for each in told),
    )


def share_of_error(confidence: float, openings: float) -> float:
    """How often the bounds of the n-th opening may be wrong: (1 − confidence) / (n·(n + 1)).

    The shares of all openings sum up to 1 − confidence, however many there will be: 1/2 + 1/6 + 1/12 + … = 1. Dividing
    by n alone would let the sum grow without end, since each opening is judged as it comes.

    Example:
        >>> round(sum(share_of_error(0.95, n) for n in range(1, 1000)), 3)
        0.05
    """
    return (1 - confidence) / (openings * (openings + 1))


def _case(params: GateParams, exam: Exam, openings: int, trials: int, known: Known) -> Case:
    rival = known.champion
    order = exam.starts.argsort(kind="stable")
    return Case(
        exam=exam.in_time(), metric=params.metric_for(exam.label, exam.kind),
        share=share_of_error(params.confidence, openings), openings=openings, trials=trials,
        min_samples=params.min_samples, threshold=known.threshold,
        others={part: other.in_time() for part, other in known.others.items()},
        champion=rival and rival._replace(answers=rival.answers[order]), no_champion=known.no_champion,
        controls=tuple(control.in_time() for control in known.controls),
    )  # fmt: skip


def _findings(params: GateParams, case: Case) -> Iterator[Finding]:
    """What the rules say, the first one first: where that refuses, the others have nothing to compare."""
    broken = False
    for name, rule in params.asked():
        if case.exam.kind not in rule.kinds:
            found = Finding.unasked(f"the label is {case.exam.kind}")
        elif broken:
            found = Finding.unasked("nothing can be compared")
        else:
            found = rule.judge(case)
        broken |= name == _FIRST and not found.passed
        yield found.model_copy(update={"rule": name, "label": case.exam.label})
