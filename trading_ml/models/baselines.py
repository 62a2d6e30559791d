"""Baselines: what anybody could answer without a network. Each is fitted on the train part and answers any sample.

All answer as a model does: P(second class) of a label of two classes, P of each class of several, or numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trading_ml.models.evaluate import Answers, columns
from trading_ml.models.predict import happened
from trading_ml.models.source import PARTS, Indices, Kind, Source, Target, part

Baseline = Literal["majority", "persistence", "logistic_on_last", "naive"]
Floats = NDArray[np.float64]
Predictor = Callable[[Indices], Floats]


def fit(name: Baseline, source: Source, label: Target) -> Predictor:
    """Fit a baseline; the result maps samples to answers, shaped as a model's."""
    told = BASELINES[name](source, label)
    return lambda indices: told(indices)[:, 0] if label.width == 1 else told(indices)


def fits(name: Baseline, kind: Kind) -> bool:
    """Whether a baseline has an answer to labels of a kind.

    Example:
        >>> fits("majority", "numeric"), fits("naive", "binary")
        (True, False)
    """
    return kind == "numeric" or name != "naive"


def majority(source: Source, label: Target) -> Predictor:
    """P of a class = its share among the training samples, always, so the most frequent one; of numbers their mean."""
    mean = _taught(source, part(source, "train"), label).mean(axis=0)
    return lambda indices: np.tile(mean, (len(indices), 1))


def persistence(source: Source, label: Target) -> Predictor:
    """What followed, among the training samples, on the last known label that this sample has.

    The last known label of a sample at time s is that of the latest sample of the same instrument whose label was
    known by then (`label_end` ≤ s). P of a class is its share among the training samples with the same last known one;
    a number is, column by column, a + b · the last known number, by least squares. Using what followed, not the label
    itself, makes it a probability, lets numbers return to their mean, and lets the baseline answer the other way round
    where labels alternate. A sample before any known label gets what all together come to.
    """
    train = part(source, "train")
    taught, known = _taught(source, train, label), last_known(source, train)
    if not (known >= 0).any():
        return majority(source, label)
    before, followed, rest = happened(source, known[known >= 0], label), taught[known >= 0], taught.mean(axis=0)
    told = _shares(before, followed, rest, label.classes) if label.classes else _line(before, followed)

    def predictor(indices: Indices) -> Floats:
        known = last_known(source, indices)
        answered = np.tile(rest, (len(indices), 1))
        answered[known >= 0] = told(happened(source, known[known >= 0], label))
        return answered

    return predictor


def logistic_on_last(source: Source, label: Target) -> Predictor:
    """Logistic regression on the values of every feature column on the sample's own bar; ridge regression of numbers.

    What a mean-reverting level alone can tell; a network must see more than this in its windows to have skill. Values
    are standard scores among the training samples of their own instrument, and each instrument has an intercept, so
    one whose prices are a thousand times another's does not drown it.
    """
    from sklearn.linear_model import LogisticRegression, Ridge

    train = part(source, "train")
    shown, answers = _standardised(source, train), happened(source, train, label)
    if label.kind == "numeric":
        numbers = Ridge().fit(shown(train), columns(answers))
        return lambda indices: columns(numbers.predict(shown(indices)))
    if answers.min() == answers.max():
        return majority(source, label)
    fitted = LogisticRegression(max_iter=1000).fit(shown(train), answers)

    def predictor(indices: Indices) -> Floats:
        p = np.zeros((len(indices), len(label.classes or ())))
        p[:, fitted.classes_] = fitted.predict_proba(shown(indices))
        return p[:, 1:] if label.kind == "binary" else p

    return predictor


def naive(source: Source, label: Target) -> Predictor:
    """No change: 0, for labels that say by how much something changes."""
    return lambda indices: np.zeros((len(indices), label.width))


def last_known(source: Source, indices: Indices) -> Indices:
    """The sample whose label is the last one known at each sample's time, of its instrument; −1 where none was."""
    every = np.concatenate([source.indices(name) for name in PARTS])
    starts, ends = source.label_intervals(every)
    order = np.lexsort((starts, ends))  # by the moment known; of several known at once the latest sample speaks
    every, ends = every[order], ends[order]
    places, asked = _instruments(source, every), _instruments(source, indices)
    moments, found = source.label_intervals(indices)[0], np.full(len(indices), -1)
    for place in np.unique(asked):
        own, mine = places == place, asked == place
        before = np.searchsorted(ends[own], moments[mine], side="right")
        found[mine] = np.concatenate([[-1], every[own]])[before]
    return found


def _taught(source: Source, indices: Indices, label: Target) -> Floats:
    """What happened as a model would have to say it: shape (samples, label.width)."""
    answers = happened(source, indices, label)
    if label.kind == "categorical":
        return np.eye(label.width)[answers]
    return columns(answers)


def _shares(known: Answers, taught: Floats, rest: Floats, classes: Sequence[str]) -> Callable[[Answers], Floats]:
    """By the code of the last known class, what followed; `rest` where it was never followed."""
    alike = [taught[known == code] for code in range(len(classes))]
    shares = np.array([group.mean(axis=0) if len(group) else rest for group in alike])
    return lambda codes: shares[codes]


def _line(known: Floats, taught: Floats) -> Callable[[Answers], Floats]:
    """By the last known numbers, what followed: the least-squares line of each column."""
    x = columns(known)
    away = x - x.mean(axis=0)
    spread = np.square(away).sum(axis=0)
    slope = np.divide((away * taught).sum(axis=0), spread, out=np.zeros_like(spread), where=spread > 0)
    return lambda numbers: taught.mean(axis=0) + slope * (columns(numbers) - x.mean(axis=0))


def _standardised(source: Source, train: Indices) -> Callable[[Indices], Floats]:
    """Of samples the values on their own bar, scored by their instrument's training samples, and which one it is."""
    places, values = _instruments(source, train), source.last(train).astype(np.float64)
    count = 1 + int(source.samples["instrument"].to_physical().max())  # pyright: ignore[reportArgumentType]
    mean, deviation = (np.tile(of(values, axis=0), (count, 1)) for of in (np.mean, np.std))
    for place in np.unique(places):
        mean[place], deviation[place] = (of(values[places == place], axis=0) for of in (np.mean, np.std))
    deviation[deviation == 0] = 1

    def shown(indices: Indices) -> Floats:
        at = _instruments(source, indices)
        scores = (source.last(indices) - mean[at]) / deviation[at]
        return np.hstack([scores, np.eye(count)[at]]) if count > 1 else scores

    return shown


def _instruments(source: Source, indices: Indices) -> NDArray[np.integer]:
    return source.samples["instrument"].to_physical().to_numpy()[indices]


BASELINES: dict[Baseline, Callable[[Source, Target], Predictor]] = {
    "majority": majority,
    "persistence": persistence,
    "logistic_on_last": logistic_on_last,
    "naive": naive,
}
