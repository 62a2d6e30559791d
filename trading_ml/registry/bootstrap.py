"""Sampling error of a metric on samples that overlap in time: paired circular block bootstrap.

Labels of neighbouring samples share their future, and errors come in clusters, so single samples are not independent.
Whole blocks of consecutive samples are drawn instead (Künsch 1989; circular: Politis and Romano 1992). A resample
is a vector of weights (how often each sample was drawn), and every metric here takes a matrix of them: one sort
serves all resamples. The same weights are used for a model and a baseline, so what both share cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from trading_ml.models.evaluate import brier_losses, log_losses
from trading_ml.models.source import Kind

Floats = NDArray[np.float64]
Weights = NDArray[np.float64]
_OVERLAPS, _FEWEST, _MOST = 3, 10, 25
_CHUNK = 2_000_000  # weights held at once
_CLIP = np.finfo(np.float64).eps  # as scikit-learn does


def overlap(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> int:
    """Most samples, itself included, that start within one sample's label interval; `starts` ascend.

    Example:
        >>> overlap(np.array([0, 1, 2, 3]), np.array([2, 3, 4, 5]))
        2
    """
    return int((np.searchsorted(starts, ends, side="left") - np.arange(len(starts))).max(initial=1))


def block_length(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> int:
    """Samples per block: three times the longest label overlap, and at least a twenty-fifth of all.

    Blocks as long as the overlap cut so many ties of neighbours that a third of the variance of persistent answers to
    overlapping labels is lost. Long ones keep it, also where labels or answers last longer than one label; what their
    small number leaves uncertain, Student's quantile takes into account. Ten of them are left if one overlap allows it.
    """
    samples, most = len(starts), overlap(starts, ends)
    return max(most, min(_OVERLAPS * most, samples // _FEWEST), -(-samples // _MOST), 1)


def resamples(samples: int, length: int, count: int, seed: int) -> Iterator[Weights]:
    """Weights of `count` resamples, (resamples, samples) in handy chunks; the same for the same arguments."""
    rng = np.random.default_rng(seed)
    blocks, rows = -(-samples // length), max(1, _CHUNK // samples)
    for first in range(0, count, rows):
        size = min(rows, count - first)
        starts = rng.integers(0, samples, (size, blocks)) + samples * np.arange(size)[:, None]
        opened = np.bincount(starts.ravel(), minlength=size * samples).reshape(size, samples)
        reach = np.cumsum(np.concatenate([opened[:, samples - length + 1 :], opened], axis=1), axis=1)
        reach = np.concatenate([np.zeros((size, 1), reach.dtype), reach], axis=1)
        yield (reach[:, length:] - reach[:, :-length]).astype(np.float64)


def roc_auc(answers: Floats, p: Floats, weights: Weights) -> Floats:
    """P(a true sample's probability exceeds a false one's), ties half; NaN where a class was not drawn."""
    true, false = _by_probability(answers, p, weights)
    below = np.cumsum(false, axis=1) - false
    wins, pairs = (true * (below + false / 2)).sum(1), true.sum(1) * false.sum(1)
    return np.divide(wins, pairs, out=np.full(len(wins), np.nan), where=pairs > 0)


def pr_auc(answers: Floats, p: Floats, weights: Weights) -> Floats:
    """Average precision: Σ precision · step in recall, from the highest probability down."""
    true, false = (drawn[:, ::-1] for drawn in _by_probability(answers, p, weights))
    found = np.cumsum(true, axis=1)
    shown = found + np.cumsum(false, axis=1)
    precision = np.divide(found, shown, out=np.zeros_like(found), where=shown > 0)
    total = found[:, -1]
    return np.divide((precision * true).sum(1), total, out=np.full(len(total), np.nan), where=total > 0)


def accuracy(answers: Floats, p: Floats, weights: Weights) -> Floats:
    """Share of right answers at one half."""
    return _mean((p > 0.5) == (answers > 0.5), weights)


def log_loss(answers: Floats, p: Floats, weights: Weights) -> Floats:
    """Mean of −ln P(what happened), nats."""
    return _mean(-np.log(np.clip(np.where(answers > 0.5, p, 1 - p), _CLIP, 1)), weights)


def brier(answers: Floats, p: Floats, weights: Weights) -> Floats:
    """Mean squared distance of probability and answer."""
    return _mean(np.square(p - answers), weights)


def accuracy_of_several(answers: Floats, p: Floats, weights: Weights) -> Floats:
    """Share of samples whose likeliest class happened."""
    return _mean(p.argmax(axis=1) == answers, weights)


def balanced_accuracy(answers: Floats, p: Floats, weights: Weights) -> Floats:
    """Mean of that share over the classes that were drawn."""
    right, codes = p.argmax(axis=1) == answers, np.arange(p.shape[1])
    belongs = (answers[:, None] == codes).astype(np.float64)
    drawn = weights @ belongs
    shares = np.divide(weights @ (belongs * right[:, None]), drawn, out=np.zeros_like(drawn), where=drawn > 0)
    return shares.sum(axis=1) / (drawn > 0).sum(axis=1)


def log_loss_of_several(answers: Floats, p: Floats, weights: Weights) -> Floats:
    """Mean of −ln P(what happened), nats."""
    return _mean(log_losses(answers, p), weights)


def brier_of_several(answers: Floats, p: Floats, weights: Weights) -> Floats:
    """Mean over samples of Σₖ (pₖ − [k happened])²."""
    return _mean(brier_losses(answers, p), weights)


def mae(answers: Floats, told: Floats, weights: Weights) -> Floats:
    """Mean over columns of the mean absolute error."""
    return _by_column(_mean(np.abs(answers - told), weights))


def rmse(answers: Floats, told: Floats, weights: Weights) -> Floats:
    """Mean over columns of the root of the mean squared error."""
    return _by_column(np.sqrt(_mean(np.square(answers - told), weights)))


METRICS: dict[Kind, dict[str, Callable[[Floats, Floats, Weights], Floats]]] = {
    "binary": {
        "roc_auc": roc_auc, "pr_auc": pr_auc, "accuracy": accuracy, "log_loss": log_loss, "brier": brier,
    },
    "categorical": {
        "log_loss": log_loss_of_several, "brier": brier_of_several, "accuracy": accuracy_of_several,
        "balanced_accuracy": balanced_accuracy,
    },
    "numeric": {"rmse": rmse, "mae": mae},
}  # fmt: skip
"""By kind of label what can be resampled; the first is what the gate compares where nothing is said."""


def _by_probability(answers: Floats, p: Floats, weights: Weights) -> tuple[Weights, Weights]:
    """Weights of true and of false samples, summed over equal probabilities, from the lowest probability up."""
    order = np.argsort(p, kind="stable")
    first = np.flatnonzero(np.diff(p[order], prepend=-np.inf))
    sorted_weights = weights[:, order]
    true = sorted_weights * answers[order]
    if len(first) < len(order):
        true, sorted_weights = (np.add.reduceat(each, first, axis=1) for each in (true, sorted_weights))
    return true, sorted_weights - true


def _mean(values: NDArray, weights: Weights) -> Floats:
    """Of each resample, and of each column where values have several."""
    return ((weights @ values.astype(np.float64)).T / weights.sum(1)).T


def _by_column(values: Floats) -> Floats:
    return values if values.ndim == 1 else values.mean(axis=1)
