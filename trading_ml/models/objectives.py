"""Objectives: what a search for parameters makes as large, or as small, as it can on the validation part."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trading_ml.core.errors import BadParams, NoData, nearest
from trading_ml.models.evaluate import LESS_IS_BETTER, Answers, Kind, Predicted, Probabilities, evaluate

LARGE = frozenset({
    "accuracy", "precision", "recall", "roc_auc", "pr_auc", "balanced_accuracy", "macro_f1", "r2", "correlation",
    "rank_correlation", "direction_accuracy",
})  # fmt: skip
"""Metrics of `evaluate` of which more is better."""
SMALL = LESS_IS_BETTER | {"mae_first", "mae_last", "rmse_first", "rmse_last"}
"""Metrics of `evaluate` of which less is better."""
_FORM = re.compile(r"(?:(?P<label>\w+):)?(?P<metric>\w+)(?:\((?P<level>[^()]*)\))?")


@dataclass(frozen=True)
class Objective:
    """One number by which trained models are compared.

    Example:
        >>> asked = Objective.parse("precision_at_recall(0.25)")
        >>> asked.direction, asked(np.array([0, 1, 1]), np.array([0.2, 0.9, 0.1]))
        ('maximize', 1.0)
    """

    metric: str
    level: float | None = None
    """Of `precision_at_recall` the least recall, of `recall_at_precision` the least precision."""
    label: str | None = None
    """Whose answers are judged; None where the model answers one label."""

    @classmethod
    def parse(cls, text: str) -> Objective:
        """Read `metric`, `metric(level)`, or either after `label:`.

        Raises:
            BadParams: for an unknown metric, suggesting the nearest, or a level that is missing, needless or no share.
        """
        found = _FORM.fullmatch(text.strip().replace(" ", ""))
        if found is None:
            raise BadParams(f"objective {text}", "is not of the form [label:]metric[(level)]", "for example roc_auc")
        metric, level = found["metric"], found["level"]
        if metric not in {*LARGE, *SMALL, *_AT}:
            raise BadParams(f"objective {text}", f"unknown metric '{metric}'", nearest(metric, {*LARGE, *SMALL, *_AT}))
        if (level is None) == (metric in _AT):
            problem, fix = ("needs a level", f"{metric}(0.25)") if metric in _AT else ("takes no level", metric)
            raise BadParams(f"objective {text}", problem, f"write {fix}")
        return cls(metric, None if level is None else _share(text, level), found["label"])

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """Which way is better, by the metric."""
        return "minimize" if self.metric in SMALL else "maximize"

    @property
    def name(self) -> str:
        """What MLflow calls it, which takes no brackets.

        Example:
            >>> Objective.parse("precision_at_recall(0.25)").name
            'precision_at_recall_0.25'
        """
        parts = (self.label, self.metric, None if self.level is None else f"{self.level:g}")
        return "_".join(part for part in parts if part)

    def __str__(self) -> str:
        """The text it is read from."""
        level = "" if self.level is None else f"({self.level:g})"
        return (f"{self.label}:" if self.label else "") + self.metric + level

    def __call__(self, answers: Answers, p: Predicted, kind: Kind = "binary") -> float:
        """The value on samples whose answers are known.

        Args:
            answers: What happened.
            p: What the model said.
            kind: Of the label: binary, categorical or numeric.

        Raises:
            NoData: when these answers leave it undefined. BadParams: when labels of this kind do not have the metric.
        """
        if self.level is not None:
            if kind != "binary":
                raise BadParams(
                    f"objective {self}", f"the label is {kind}, not of two classes", "choose another metric"
                )
            return _AT[self.metric](answers, p, self.level)[0]
        return self.among(evaluate(answers, p, kind))

    def judged(self, labels: Iterable[str]) -> str:
        """Which of the labels of a model it judges.

        Raises:
            BadParams: when it does not say, or it is none of them.
        """
        known = list(labels)
        if self.label is None and len(known) > 1:
            problem = f"judges one label, but there are {', '.join(known)}"
            raise BadParams(f"objective {self}", problem, f"write {known[0]}:{self}")
        if self.label is not None and self.label not in known:
            raise BadParams(f"objective {self}", f"unknown label {self.label}", nearest(self.label, known))
        return self.label or known[0]

    def among(self, found: dict[str, float]) -> float:
        """The value among metrics that `evaluate` found.

        Raises:
            NoData: when it is not among them.
        """
        if self.metric not in found:
            known = nearest(self.metric, found.keys() & (LARGE | SMALL))
            raise NoData(f"objective {self}", "is undefined for these answers", f"choose another metric; {known}")
        return found[self.metric]


def precision_at_recall(answers: Answers, p: Probabilities, recall: float) -> tuple[float, float]:
    """The greatest precision of all thresholds whose recall is at least `recall`, and the threshold.

    Of thresholds with the same precision it is the one that finds more. Samples with p > threshold are called positive;
    it lies halfway between the smallest such p and the next smaller one.

    Raises:
        NoData: when there are no samples, no positive one, or a p is not a number.

    Example:
        >>> precision_at_recall(np.array([0, 1, 0, 1]), np.array([0.1, 0.5, 0.6, 0.7]), 0.6)
        (0.6666666666666666, 0.3)
    """
    precision, found, thresholds = curve(answers, p)
    return _best(precision, found >= recall - _ROUNDING, thresholds)


def recall_at_precision(answers: Answers, p: Probabilities, precision: float) -> tuple[float, float]:
    """The greatest recall of all thresholds whose precision is at least `precision`, and the threshold.

    Where no threshold is so precise the recall is 0 and the threshold infinite: nothing is called positive.

    Raises:
        NoData: when there are no samples, no positive one, or a p is not a number.

    Example:
        >>> recall_at_precision(np.array([0, 1, 0, 1]), np.array([0.1, 0.5, 0.6, 0.7]), 0.9)
        (0.5, 0.6499999999999999)
    """
    precise, recall, thresholds = curve(answers, p)
    enough = precise >= precision - _ROUNDING
    return _best(recall, enough, thresholds) if enough.any() else (0.0, float("inf"))


_AT: dict[str, Callable[[Answers, Probabilities, float], tuple[float, float]]] = {
    "precision_at_recall": precision_at_recall,
    "recall_at_precision": recall_at_precision,
}
_ROUNDING = 1e-12  # of a share of whole numbers


def curve(answers: Answers, p: Probabilities) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Precision, recall and threshold at each distinct probability, from the highest down."""
    positives = int(np.sum(answers > 0))
    if not positives or not np.isfinite(p).all():
        problem = "some probabilities are not numbers" if positives else "none of the samples is positive"
        raise NoData("precision and recall", problem, "widen the dates, or choose another metric")
    order = np.argsort(-p, kind="stable")
    falling = p[order]
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    right = np.cumsum(answers[order] > 0)[last]
    shown = falling[last]
    below = np.append(shown[1:], np.nextafter(shown[-1], -np.inf))
    thresholds = np.minimum((shown + below) / 2, np.nextafter(shown, -np.inf))
    return right / (last + 1), right / positives, thresholds


def _best(values: NDArray[Any], allowed: NDArray[np.bool_], thresholds: NDArray[Any]) -> tuple[float, float]:
    """The greatest allowed value at the lowest threshold that has it."""
    place = np.flatnonzero(allowed & (values == values[allowed].max()))[-1]
    return float(values[place]), float(thresholds[place])


def _share(text: str, level: str) -> float:
    try:
        share = float(level)
    except ValueError:
        share = float("nan")
    if not 0 < share <= 1:
        raise BadParams(f"objective {text}", f"its level is '{level}', not a share above 0 and at most 1", "write 0.25")
    return share
