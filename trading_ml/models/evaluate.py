"""How good answers are: metrics of labels of two classes, of several, and of numbers; calibration, confusion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.models.source import Kind

Answers = NDArray[Any]
Probabilities = NDArray[np.float64]
Predicted = NDArray[np.float64]
THRESHOLD = 0.5
LESS_IS_BETTER = frozenset({"log_loss", "brier", "ece", "mae", "rmse"})
_BINS = 10
_CLIP = np.finfo(np.float64).eps  # as scikit-learn does


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


def evaluate(answers: Answers, predicted: Predicted, kind: Kind = "binary") -> dict[str, float]:
    """Metrics of predictions against what happened: those of `binary`, `categorical` or `numeric`.

    What is undefined for these answers is left out.

    Args:
        answers: Codes of classes, (samples,); or numbers, (samples,) or (samples, columns).
        predicted: P(second class), (samples,); P of each class, (samples, classes); or numbers, shaped as answers.
        kind: Of the label.

    Example:
        >>> evaluate(np.array([0, 1]), np.array([0.2, 0.9]))["roc_auc"]
        1.0
        >>> evaluate(np.array([1.0, -1.0]), np.array([0.5, -0.5]), "numeric")["rmse"]
        0.5
    """
    return {name: float(value) for name, value in _KINDS[kind](answers, predicted).items()}


def binary(answers: Answers, p: Probabilities) -> dict[str, float]:
    """Metrics of P(second class), two classes being coded 0 and 1.

    `samples`, `positive_share`, `accuracy`, `precision` and `recall` (at one half; 0 where there is nothing to find),
    `log_loss` = mean −ln P(what happened), nats, `brier` = mean (p − answer)², `ece` (see `Calibration`), and, where
    both classes happened, `roc_auc` = P(a true sample's p exceeds a false one's) and `pr_auc` (average precision).
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
    return found


def categorical(answers: Answers, p: Probabilities) -> dict[str, float]:
    """Metrics of the probabilities of several classes, k of them.

    `samples`; `accuracy`, the share of samples whose likeliest class happened; `balanced_accuracy`, the mean of that
    share over the classes that happened; `macro_f1` = mean over classes that happened or were named of
    2·right / (named + happened); `log_loss` = mean −ln P(what happened), nats; `brier` = mean Σₖ (pₖ − [k happened])²,
    from 0 to 2; `ece`, the calibration error of the likeliest class; and, where all classes happened, `roc_auc`, the
    mean over classes of the ROC AUC of pₖ, class k against all others.
    """
    from sklearn.metrics import roc_auc_score

    counts, named, codes = confusion(answers, p), likeliest(p), answers.astype(np.int64)
    right, happened, told = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    met, named_or_met = happened > 0, happened + told > 0
    found = {
        "samples": len(answers),
        "accuracy": (named == codes).mean(),
        "balanced_accuracy": (right[met] / happened[met]).mean(),
        "macro_f1": (2 * right[named_or_met] / (happened + told)[named_or_met]).mean(),
        "log_loss": log_losses(codes, p).mean(),
        "brier": brier_losses(codes, p).mean(),
        "ece": calibration(named == codes, p.max(axis=1)).error,
    }
    if met.all():
        found["roc_auc"] = np.mean([roc_auc_score(codes == each, p[:, each]) for each in range(p.shape[1])])
    return found


def numeric(answers: Answers, predicted: Predicted) -> dict[str, float]:
    """Metrics of numbers, each the mean over the label's columns of what is defined there.

    `samples`; `mae` = mean |y − ŷ| and `rmse` = √ mean (y − ŷ)², in the label's units;
    `r2` = 1 − Σ(y − ŷ)² / Σ(y − ȳ)², 0 for who always says the mean; `correlation` of Pearson and `rank_correlation`
    of Spearman (the rank information coefficient), where neither side is constant; `direction_accuracy`, the share of
    samples where the signs of y and ŷ agree, zeros on either side being no answer, where answers of both signs
    happened: it is for labels that are changes. Of several columns further `mae` and `rmse` of the `_first` and the
    `_last`, say the nearest and the farthest horizon.
    """
    y, told = columns(answers), columns(predicted)
    each = [_of_column(*pair) for pair in zip(y.T, told.T, strict=True)]
    names = dict.fromkeys(name for values in each for name in values)
    means = {name: float(np.mean([values[name] for values in each if name in values])) for name in names}
    ends = {f"{name}_{end}": values[name] for end, values in (("first", each[0]), ("last", each[-1]))
            for name in ("mae", "rmse")}  # fmt: skip
    whole = {"samples": float(len(y))} | means | (ends if len(each) > 1 else {})
    return {name: value for name, value in whole.items() if np.isfinite(value)}


def calibration(answers: Answers, p: Probabilities) -> Calibration:
    """Cut at the deciles of `p`; equal probabilities stay in one bin, so a constant has just one."""
    bins = deciles(p)
    samples = np.bincount(bins)
    filled = samples > 0
    promised, observed = (np.bincount(bins, weights=values)[filled] / samples[filled] for values in (p, answers))
    return Calibration(promised, observed, samples[filled])


def deciles(p: Probabilities) -> NDArray[np.int64]:
    """The bin of each probability, of ten by size; equal ones share a bin, so that some bins may stay empty.

    Example:
        >>> deciles(np.array([0.2, 0.2, 0.2])).tolist()
        [0, 0, 0]
    """
    edges = np.unique(np.quantile(p, np.linspace(0, 1, _BINS + 1)[1:-1]))
    return np.searchsorted(edges, p, side="left")


def likeliest(p: Probabilities) -> NDArray[np.int64]:
    """Codes of the classes that are named: the second where its p > 0.5; of several the one of the greatest p.

    Example:
        >>> likeliest(np.array([0.5, 0.6])).tolist(), likeliest(np.array([[0.2, 0.5, 0.3]])).tolist()
        ([0, 1], [1])
    """
    return (p > THRESHOLD).astype(np.int64) if p.ndim == 1 else p.argmax(axis=1)


def confusion(answers: Answers, p: Probabilities) -> NDArray[np.int64]:
    """Counts, a row for each class that happened, a column for each that was named; binary at one half."""
    from sklearn.metrics import confusion_matrix

    classes = range(2 if p.ndim == 1 else p.shape[1])
    return confusion_matrix(answers, likeliest(p), labels=list(classes))


def log_losses(answers: Answers, p: Probabilities) -> NDArray[np.float64]:
    """−ln P(what happened) of each sample, for several classes."""
    return -np.log(np.clip(p[np.arange(len(p)), answers.astype(np.int64)], _CLIP, 1))


def brier_losses(answers: Answers, p: Probabilities) -> NDArray[np.float64]:
    """Σₖ (pₖ − [k happened])² of each sample, for several classes."""
    return np.square(p - np.eye(p.shape[1])[answers.astype(np.int64)]).sum(axis=1)


def columns(values: NDArray[Any]) -> NDArray[np.float64]:
    """Numbers of one column or several, with an axis for columns."""
    return (values if values.ndim > 1 else values[:, None]).astype(np.float64)


def _of_column(y: NDArray[np.float64], told: NDArray[np.float64]) -> dict[str, float]:
    from scipy.stats import rankdata

    error = y - told
    found = {"mae": np.abs(error).mean(), "rmse": np.sqrt(np.square(error).mean())}
    if np.ptp(y):
        found["r2"] = 1 - np.square(error).sum() / np.square(y - y.mean()).sum()
        if np.ptp(told):
            found["correlation"] = np.corrcoef(y, told)[0, 1]
            found["rank_correlation"] = np.corrcoef(rankdata(y), rankdata(told))[0, 1]
    answered = (y != 0) & (told != 0)
    if answered.any() and y.min() < 0 < y.max():
        found["direction_accuracy"] = (np.sign(y) == np.sign(told))[answered].mean()
    return found


_KINDS: dict[Kind, Callable[[Answers, Predicted], dict[str, Any]]] = {
    "binary": binary, "categorical": categorical, "numeric": numeric,
}  # fmt: skip
