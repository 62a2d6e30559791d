"""A judgement as a page: what stands at a version in MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trading_ml.models.decoded import decoded
from trading_ml.models.evaluate import THRESHOLD
from trading_ml.models.source import Source, Target
from trading_ml.models.threshold import ThresholdParams, confusion, table
from trading_ml.registry.exam import Exam
from trading_ml.registry.gate import Verdict
from trading_ml.registry.result import Judgement, comparisons, markdown

_NEWEST = 20
_SHOWN = tuple(round(0.1 * step, 1) for step in range(1, 10))


def report(judgement: Judgement, exams: Sequence[Exam], threshold: ThresholdParams) -> str:
    """The verdict with its reasons, metrics, what each rule found, thresholds, and how often was tried."""
    verdict = judgement.verdict
    blocks = ["**The gate let it pass.**" if verdict.passed else "**The gate refused it.**"]
    blocks += ["\n".join(f"- {reason}" for reason in verdict.reasons)] if verdict.reasons else []
    for label, rows in comparisons(judgement.metrics, "test", judgement.labels).items():
        blocks += ["#### On the test part" + (f": {label}" if label else ""), markdown(rows)]
    if verdict.advantages:
        blocks += ["#### Advantage over each baseline", markdown([each.model_dump() for each in verdict.advantages])]
    blocks += ["#### The rules", markdown(verdict.table())]
    blocks += [part for exam in exams if exam.kind == "binary" for part in _thresholds(exam, verdict, threshold)]
    return "\n\n".join([*blocks, counts(verdict)])


def newest(source: Source, labels: Sequence[Target], exams: Sequence[Exam], verdict: Verdict) -> str:
    """The newest answers of the test part as a table, classes by their names."""
    last = np.argsort(exams[0].starts, kind="stable")[-_NEWEST:]
    told = {exam.label: exam.model[last] for exam in exams}
    rows = decoded(source, source.indices("test")[last], labels, told, verdict.thresholds).iter_rows(named=True)
    return markdown([row | {"ts": f"{row['ts']:%Y-%m-%d %H:%M:%S}"} for row in rows])


def counts(verdict: Verdict) -> str:
    """How often was tried and looked, and what is corrected for."""
    return (
        f"Models judged on this test part so far: {verdict.openings}; the bounds are corrected for all of them. "
        f"Models whose training was begun on this dataset so far, abandoned ones included: {verdict.trials}; they were "
        "chosen among by the validation part, which the bounds on the test part need no correction for."
    )


def _thresholds(exam: Exam, verdict: Verdict, params: ThresholdParams) -> list[str]:
    """What answering yes above each score comes to on the test part, and the confusion above the chosen ones."""
    chosen = verdict.thresholds[exam.label]
    target = "" if params.target is None else f"({params.target:g})"
    how = "" if params.rule == "half" else f", by {params.rule}{target} on the validation part"
    scores = sorted({chosen, *_SHOWN, *params.scores, THRESHOLD})
    counted = [_confusion(exam, score) for score in dict.fromkeys([chosen, *params.scores])]
    return [
        f"#### Yes to {exam.label} above {chosen:.4g}{how}",
        markdown(table(exam.answers, exam.model, scores)),
        markdown(counted),
    ]


def _confusion(exam: Exam, score: float) -> dict[str, Any]:
    (right_no, wrong_yes), (wrong_no, right_yes) = confusion(exam.answers, exam.model, score).tolist()
    return {"above": f"{score:.4g}", "yes, right": right_yes, "yes, wrong": wrong_yes, "no, right": right_no,
            "no, wrong": wrong_no}  # fmt: skip
