"""Where yes begins: the score above which a label of two classes is answered with its second class.

The threshold is chosen on the validation part, never on the test part: a threshold that was moved until the test part
looked good says nothing of the next day.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from trading_ml.core.params import Params
from trading_ml.models.evaluate import THRESHOLD, Answers, Probabilities
from trading_ml.models.objectives import curve, precision_at_recall, recall_at_precision

SCORES = tuple(round(0.05 * step, 2) for step in range(1, 20))


class ThresholdParams(Params):
    """How the threshold is chosen: one half, for the best F1, or for the best of one kind at enough of the other.

    Example:
        >>> ThresholdParams.parse({"rule": "precision_at_recall", "target": 0.25}, "threshold").target
        0.25
    """

    rule: Literal["half", "best_f1", "precision_at_recall", "recall_at_precision"] = "half"
    """`precision_at_recall`: as precise as can be while at least `target` is found; `recall_at_precision`: as much
    found as can be while at least `target` is right."""
    target: float | None = Field(default=None, gt=0, le=1)
    """The least recall, or the least precision."""
    scores: tuple[float, ...] = (0.75,)
    """Further thresholds that the report shows with their confusion matrices; they decide nothing."""

    @model_validator(mode="after")
    def _target_where_it_counts(self) -> Self:
        asked = self.rule in _AT
        if asked and self.target is None:
            raise ValueError(f"{self.rule} needs a target, for example 0.25")
        if not asked and self.target is not None:
            raise ValueError(f"{self.rule} takes no target")
        return self


def calibrate(answers: Answers, p: Probabilities, params: ThresholdParams) -> float:
    """The threshold that the rule chooses on these samples, which are to be the validation part's.

    Samples with p > threshold are answered yes. It lies between two scores that occur, but for one half, and is 1, so
    that nothing is answered yes, where no threshold is as precise as was asked.

    Raises:
        NoData: when no sample is positive, or a score is not a number, but for one half.

    Example:
        >>> answers, p = np.array([0, 1, 0, 1]), np.array([0.1, 0.5, 0.6, 0.9])
        >>> calibrate(answers, p, ThresholdParams(rule="precision_at_recall", target=0.5))
        0.75
    """
    if params.rule == "half":
        return THRESHOLD
    if params.target is None:
        return best_f1(answers, p)[1]
    return min(_AT[params.rule](answers, p, params.target)[1], 1.0)


def best_f1(answers: Answers, p: Probabilities) -> tuple[float, float]:
    """The greatest harmonic mean of precision and recall, 2·right / (predicted + positives), and its threshold.

    Of thresholds that are as good it is the one that finds most.

    Raises:
        NoData: when no sample is positive, or a score is not a number.

    Example:
        >>> best_f1(np.array([0, 1, 0, 1]), np.array([0.1, 0.5, 0.6, 0.7]))
        (0.8, 0.3)
    """
    precision, recall, thresholds = curve(answers, p)
    both = precision + recall
    f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)
    place = np.flatnonzero(f1 == f1.max())[-1]
    return float(f1[place]), float(thresholds[place])


def confusion(answers: Answers, p: Probabilities, threshold: float = THRESHOLD) -> NDArray[np.int64]:
    """Counts [[true negatives, false positives], [false negatives, true positives]] above a threshold.

    Example:
        >>> confusion(np.array([0, 1, 1]), np.array([0.2, 0.9, 0.1])).tolist()
        [[1, 0], [1, 1]]
    """
    said = (answers > 0).astype(np.int64) * 2 + (p > threshold)
    return np.bincount(said, minlength=4).reshape(2, 2)


def table(answers: Answers, p: Probabilities, scores: Sequence[float] = SCORES) -> list[dict[str, float]]:
    """What answering yes above each score comes to.

    Returns:
        A row a score: `score`, `support` (samples answered yes), `share` of them among all, `precision` (0 where there
        are none) and `recall` (0 where there is nothing to find).

    Example:
        >>> table(np.array([0, 1, 0, 1]), np.array([0.1, 0.5, 0.6, 0.7]), [0.65])
        [{'score': 0.65, 'support': 1, 'share': 0.25, 'precision': 1.0, 'recall': 0.5}]
    """
    rows = []
    for score in scores:
        (_, wrong), (missed, right) = confusion(answers, p, score).tolist()
        yes = right + wrong
        rows.append(
            {
                "score": float(score),
                "support": yes,
                "share": yes / max(len(answers), 1),
                "precision": right / max(yes, 1),
                "recall": right / max(right + missed, 1),
            }
        )
    return rows


_AT = {"precision_at_recall": precision_at_recall, "recall_at_precision": recall_at_precision}
