"""Baselines: what anybody could answer without a network. Each is fitted on the train part and answers any sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trading_ml.models.source import PARTS, Indices, Source, binary_target, part

Baseline = Literal["majority", "persistence", "logistic_on_last"]
Predictor = Callable[[Indices], NDArray[np.float64]]


def fit(name: Baseline, source: Source) -> Predictor:
    """Fit a baseline; the result maps samples to P(second class)."""
    return BASELINES[name](source)


def majority(source: Source) -> Predictor:
    """P = share of the second class among the training samples, always; at one half that is the majority class."""
    share = float(_answers(source, part(source, "train")).mean())
    return lambda indices: np.full(len(indices), share)


def persistence(source: Source) -> Predictor:
    """P = share of the second class among the training samples whose last known label was the same as this sample's.

    The last known label of a sample at time s is that of the latest sample of the same instrument whose label was
    known by then (`label_end` ≤ s). Using the share, not the label itself, makes it a probability, and lets the
    baseline answer the other way round where labels alternate. A sample before any known label gets the share of all.
    """
    train = part(source, "train")
    answers, known = _answers(source, train), last_known(source, train)
    alike = [answers[known == state] for state in (0, 1)]
    shares = np.array([group.mean() if len(group) else answers.mean() for group in (*alike, answers)])
    return lambda indices: shares[last_known(source, indices)]


def logistic_on_last(source: Source) -> Predictor:
    """Logistic regression on the standardised values of every feature column on the sample's own bar.

    What a mean-reverting level alone can tell; a network must see more than this in its windows to have skill.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train = part(source, "train")
    answers = _answers(source, train)
    if answers.all() or not answers.any():
        return majority(source)
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    fitted.fit(source.last(train).astype(np.float64), answers)
    return lambda indices: fitted.predict_proba(source.last(indices).astype(np.float64))[:, 1]


def last_known(source: Source, indices: Indices) -> NDArray[np.int8]:
    """The last label, 0 or 1, known at each sample's time for its instrument; −1 where none was known yet."""
    every = np.concatenate([source.indices(name) for name in PARTS])
    starts, ends = source.label_intervals(every)
    order = np.lexsort((starts, ends))  # by the moment known; of several known at once the latest sample speaks
    every, ends = every[order], ends[order]
    answers, places = _answers(source, every), _instruments(source, every)
    asked, moments, found = _instruments(source, indices), source.label_intervals(indices)[0], np.full(len(indices), -1)
    for place in np.unique(asked):
        own, mine = places == place, asked == place
        before = np.searchsorted(ends[own], moments[mine], side="right")
        found[mine] = np.concatenate([[-1], answers[own]])[before]
    return found.astype(np.int8)


def _instruments(source: Source, indices: Indices) -> NDArray[np.integer]:
    return source.samples["instrument"].to_physical().to_numpy()[indices]


def _answers(source: Source, indices: Indices) -> NDArray[np.int8]:
    return source.labels(indices, binary_target(source).name).astype(np.int8)


BASELINES: dict[str, Callable[[Source], Predictor]] = {
    "majority": majority,
    "persistence": persistence,
    "logistic_on_last": logistic_on_last,
}
