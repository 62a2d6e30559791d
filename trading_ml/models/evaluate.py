"""How good probabilities are: metrics of a label of two classes, its calibration and its confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Answers = NDArray[np.integer]
Probabilities = NDArray[np.float64]
THRESHOLD = 0.5
_BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Promised against observed frequency, by bins of the probability."""

    promised: NDArray[np.float64]
    """Mean probability of each bin."""
    observed: NDArray[np.float64]
    """Share of true labels in each bin."""
    samples: NDArray[np.int64]

    @property
    def error(self) -> float:
        """Expected calibration error: Σ samples·|promised − observed| / Σ samples; 0 is perfect."""
        return float(np.average(np.abs(self.promised - self.observed), weights=self.samples))


def evaluate(answers: Answers, p: Probabilities) -> dict[str, float]:
    """Metrics of probabilities `p` against what happened (0 or 1).

    Returns:
        `samples`, `positive_share`, `accuracy`, `precision` and `recall` (at one half; 0 where there is nothing to
        find), `log_loss` (nats), `brier`, `ece`, and, where both classes happened, `roc_auc` and `pr_auc` (average
        precision).

    Example:
        >>> evaluate(np.array([0, 1]), np.array([0.2, 0.9]))["roc_auc"]
        1.0
    """
    from sklearn import metrics

    (_, wrong), (missed, right) = confusion(answers, p).tolist()
    found = {
        "samples": float(len(answers)),
        "positive_share": float(answers.mean()),
        "accuracy": metrics.accuracy_score(answers, p > THRESHOLD),
        "precision": right / max(right + wrong, 1),
        "recall": right / max(right + missed, 1),
        "log_loss": metrics.log_loss(answers, p, labels=[0, 1]),
        "brier": metrics.brier_score_loss(answers, p, pos_label=1),
        "ece": calibration(answers, p).error,
    }
    if 0 < answers.mean() < 1:
        found["roc_auc"] = metrics.roc_auc_score(answers, p)
        found["pr_auc"] = metrics.average_precision_score(answers, p)
    return {name: float(value) for name, value in found.items()}


def calibration(answers: Answers, p: Probabilities) -> Calibration:
    """Cut at the deciles of `p`; equal probabilities stay in one bin, so a constant has just one."""
    edges = np.unique(np.quantile(p, np.linspace(0, 1, _BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, p, side="left")
    samples = np.bincount(bins)
    filled = samples > 0
    promised, observed = (np.bincount(bins, weights=values)[filled] / samples[filled] for values in (p, answers))
    return Calibration(promised, observed, samples[filled])


def confusion(answers: Answers, p: Probabilities) -> NDArray[np.int64]:
    """Counts [[true negatives, false positives], [false negatives, true positives]] at one half."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(answers, p > THRESHOLD, labels=[0, 1])
