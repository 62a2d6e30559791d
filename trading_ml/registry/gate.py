"""The gate: whether a version has shown skill on the test part, or was merely lucky, or knows nothing of its own.

A pure decision: the same probabilities, answers and count of openings give the same verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.core.params import Params
from trading_ml.models.evaluate import LESS_IS_BETTER, likeliest
from trading_ml.registry.bootstrap import METRICS, block_length, resamples
from trading_ml.registry.exam import Exam
from trading_ml.registry.params import GateParams

RESAMPLES = 1000
MIN_BLOCKS = 10
_SEED = 20_260_101


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


class Verdict(Params):
    """The gate's answer."""

    passed: bool
    reasons: tuple[str, ...] = ()
    """Why the version was refused; empty when it passed."""
    advantages: tuple[Advantage, ...] = ()
    openings: int = 1
    """Versions judged on this test part so far, this one included."""


def judge(params: GateParams, exams: Sequence[Exam], openings: int = 1) -> Verdict:
    """Judge a version by its exams on the test part, one for each of its labels, all of which it must pass.

    It must have enough test samples that differ, must not answer all of them alike, and must be better than **every**
    baseline by more than sampling error: the one-sided lower confidence bound of the paired difference, with the
    block bootstrap's standard error, must exceed 0. Where the model is to be traded, so must that of its net profit: a
    label that leans on the past can be guessed where nothing can be earned. Being good enough in all these ways at
    once needs no correction (an intersection of tests); looking at the same test part again does: the error share
    1 − confidence is divided by the number of openings (Bonferroni).

    Args:
        params: What is demanded.
        exams: What was asked and answered.
        openings: Versions judged on this test part so far, this one included.
    """
    verdicts = [_judged(params, exam.in_time(), openings) for exam in exams]
    names = [f"{exam.label}: " if len(exams) > 1 else "" for exam in exams]
    return Verdict(
        passed=all(verdict.passed for verdict in verdicts),
        reasons=tuple(name + why for name, verdict in zip(names, verdicts, strict=True) for why in verdict.reasons),
        advantages=tuple(each for verdict in verdicts for each in verdict.advantages),
        openings=openings,
    )


def _judged(params: GateParams, exam: Exam, openings: int) -> Verdict:
    """The verdict on one label."""
    if reasons := tuple(_unfit(params, exam)):
        return Verdict(passed=False, reasons=reasons)
    advantages = _advantages(params, exam, openings)
    reasons = tuple(_weakness(each) for each in advantages if not each.lower_bound > 0)
    reasons += tuple(_losses(params, exam, openings))
    return Verdict(passed=not reasons, reasons=reasons, advantages=advantages)


def _unfit(params: GateParams, exam: Exam) -> Iterator[str]:
    """Reasons to refuse without comparing."""
    samples, alike = len(exam.answers), "one class" if exam.kind != "numeric" else "one number"
    if samples < params.min_samples:
        yield f"only {samples} test samples, at least {params.min_samples} are demanded"
    if samples and exam.answers.min() == exam.answers.max():
        yield f"the test part holds {alike} only"
    if not np.isfinite(exam.model).all():
        yield f"some {'predictions' if exam.kind == 'numeric' else 'probabilities'} are not numbers"
    elif samples and not np.ptp(named := _named(exam), axis=0).any():
        told = "" if exam.kind == "numeric" else f" ({exam.classes[named[0]]})"
        yield f"predicts {alike} only{told} on {samples} test samples"
    blocks = samples // block_length(exam.starts, exam.ends)
    if samples >= params.min_samples and blocks < MIN_BLOCKS:
        yield f"labels overlap so long that only {blocks} independent blocks remain, at least {MIN_BLOCKS} are needed"


def _named(exam: Exam) -> NDArray[Any]:
    """What the model answers where it has to decide: classes, or the numbers themselves."""
    return exam.model if exam.kind == "numeric" else likeliest(exam.model)


def _advantages(params: GateParams, exam: Exam, openings: int) -> tuple[Advantage, ...]:
    asked = params.metric_for(exam.label, exam.kind)
    metric, sign = METRICS[exam.kind][asked], -1 if asked in LESS_IS_BETTER else 1
    answers, scores = exam.answers.astype(np.float64), list(exam.everybody.values())
    length = block_length(exam.starts, exam.ends)
    drawn = [
        np.stack([metric(answers, told, weights) for told in scores])
        for weights in resamples(len(answers), length, RESAMPLES, _SEED)
    ]
    spread = np.concatenate(drawn, axis=1)
    errors = np.nanstd(spread[0] - spread[1:], axis=1)
    values = [float(metric(answers, told, np.ones((1, len(answers))))[0]) for told in scores]
    quantile = _quantile(params, openings)
    return tuple(
        Advantage(
            label=exam.label, metric=asked, baseline=name, model=values[0], reference=value,
            difference=sign * (values[0] - value), standard_error=float(error),
            lower_bound=sign * (values[0] - value) - quantile * float(error),
        )
        for name, value, error in zip(exam.baselines, values[1:], errors, strict=True)
    )  # fmt: skip


def _losses(params: GateParams, exam: Exam, openings: int) -> Iterator[str]:
    """Why a model that is to be traded does not earn, by the same resamples."""
    if exam.earned is None:
        return
    samples, length = len(exam.earned), block_length(exam.starts, exam.ends)
    sums = np.concatenate([drawn @ exam.earned for drawn in resamples(samples, length, RESAMPLES, _SEED)])
    total, bound = exam.earned.sum(), exam.earned.sum() - _quantile(params, openings) * sums.std()
    if not bound > 0:
        yield f"its net profit of {total:+.1f} bps is not above 0 beyond sampling error (lower bound {bound:+.1f})"


def _quantile(params: GateParams, openings: int) -> float:
    return NormalDist().inv_cdf(1 - (1 - params.confidence) / openings)


def _weakness(found: Advantage) -> str:
    shape = ".4g" if found.metric in METRICS["numeric"] else ".4f"
    return (
        f"{found.metric} {found.model:{shape}} is not better than {found.baseline} {found.reference:{shape}} beyond "
        f"sampling error (advantage {found.difference:+{shape}}, lower bound {found.lower_bound:+{shape}})"
    )
