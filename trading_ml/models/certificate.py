"""The certificate of a trained model: all that is known of it without the test part, in one file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.core.params import Params
from trading_ml.models.discovery import Discovery
from trading_ml.models.evaluate import Answers, Predicted, calibration, columns, deciles, likeliest
from trading_ml.models.source import PARTS, Source, Target
from trading_ml.models.threshold import SCORES, ThresholdParams, calibrate, confusion, table

Numbers = dict[str, float]
TAUGHT = ("train", "validation")
"""Parts of which a certificate says what is in them; of the test part only how many samples there are, and when."""


class Span(Params):
    """The samples of a part."""

    samples: int
    first: datetime
    """Time of the first sample."""
    last: datetime
    """Of the last one."""


class Summary(Params):
    """A dataset, as a model saw it."""

    digest: str
    parts: dict[str, Span]
    """Those that have samples."""
    features: dict[str, Numbers]
    """By column `mean`, `std`, `min` and `max` on the own bars of the training part's samples."""
    labels: dict[str, dict[str, Numbers]]
    """The same by part and column of numbers; of classes the share of each."""

    @classmethod
    def of(cls, source: Source, labels: Sequence[Target]) -> Summary:
        """Sum up a dataset, of which a model answers some labels."""
        rows = {part: source.indices(part) for part in PARTS}
        parts = {part: _span(source.label_intervals(found)[0]) for part, found in rows.items() if len(found)}
        names = [column for feature in source.features.values() for column in feature["columns"]]
        shown = source.last(rows["train"])
        told = {
            part: {name: _told(source.labels(rows[part], name), label) for label in labels for name in label.columns}
            for part in TAUGHT
        }
        features = {name: _moments(values) for name, values in zip(names, shown.T, strict=True)}
        return cls(digest=source.digest, parts=parts, features=features, labels=told)


class Calibration(Params):
    """By tenths of what was predicted, from the lowest up: the mean that was predicted, and what came of it."""

    predicted: tuple[float, ...]
    """Of two classes P(the second), of several P(the likeliest), of numbers the last column."""
    happened: tuple[float, ...]
    """How often it came true; of numbers what they were."""
    samples: tuple[int, ...]

    @classmethod
    def of(cls, answers: Answers, said: Predicted, label: Target) -> Calibration:
        """Of the answers to one label.

        Example:
            >>> label = Target("rises", ("rises",), ("false", "true"))
            >>> Calibration.of(np.array([0, 1]), np.array([0.25, 0.75]), label).happened
            (0.0, 1.0)
        """
        if label.kind == "numeric":
            told, came = columns(said)[:, -1], columns(answers)[:, -1]
            bins = deciles(told)
            samples = np.bincount(bins)
            filled = samples > 0
            predicted, happened = (np.bincount(bins, weights=each)[filled] / samples[filled] for each in (told, came))
            return cls._as_tuples(predicted, happened, samples[filled])
        categorical = label.kind == "categorical"
        hits, promised = (likeliest(said) == answers, said.max(axis=1)) if categorical else (answers, said)
        found = calibration(hits, promised)
        return cls._as_tuples(found.promised, found.observed, found.samples)

    @classmethod
    def _as_tuples(cls, predicted: NDArray[Any], happened: NDArray[Any], samples: NDArray[Any]) -> Calibration:
        return cls(
            predicted=tuple(predicted.tolist()), happened=tuple(happened.tolist()), samples=tuple(samples.tolist())
        )


class Threshold(Params):
    """Where yes begins for a label of two classes, and what it comes to elsewhere."""

    rule: str
    chosen: float
    """By the project's rule, on the validation part."""
    confusion: tuple[tuple[int, int], tuple[int, int]]
    """Above the chosen one: right and wrong no's of what did not happen, missed and found of what did."""
    table: tuple[Numbers, ...]
    """By score: `support`, `share`, `precision`, `recall`."""

    @classmethod
    def of(cls, answers: Answers, p: Predicted, asked: ThresholdParams) -> Threshold:
        """Choose it, where there is something to find; else it is one half."""
        rule = asked if answers.any() else ThresholdParams()
        chosen = calibrate(answers, p, rule)
        (a, b), (c, d) = confusion(answers, p, chosen).tolist()
        scores = sorted({*SCORES, *asked.scores})
        return cls(rule=rule.rule, chosen=chosen, confusion=((a, b), (c, d)), table=tuple(table(answers, p, scores)))


class Cost(Params):
    """When it was trained and what that took; of a training that was broken off, since it went on."""

    begun: datetime
    ended: datetime
    wall_seconds: float
    cpu_seconds: float
    """Of all threads of the process that trained."""
    threads: int
    """Of one operation."""


class Certificate(Params):
    """A trained model."""

    model_key: str
    """Digest of all that decides the weights: the certificate's name."""
    project: str
    description: str
    run: str
    """Its run in MLflow."""
    family: str
    model: dict[str, Any]
    training: dict[str, Any]
    dataset: Summary
    weights: str
    """Digest of the weights."""
    values: int
    """Numbers among the weights."""
    best_epoch: int
    """The epoch, from 1, whose weights it has."""
    history: tuple[Numbers, ...]
    """Metrics after each epoch."""
    validation: Numbers
    """Metrics on the validation part; the test part belongs to the gate."""
    discovery: dict[str, Discovery]
    """By label of numbers: directions on the validation part, in the order of time."""
    calibration: dict[str, Calibration]
    thresholds: dict[str, Threshold]
    """By label of two classes."""
    environment: dict[str, str]
    cost: Cost


def discovered(answers: Answers, said: Predicted, starts: NDArray[np.int64], label: Target) -> Discovery | None:
    """Directions in the order of time; None where a label is not of numbers of both signs, which have no direction."""
    if label.kind != "numeric":
        return None
    last = columns(answers)[:, -1]
    if not last.min() < 0 < last.max():
        return None
    order = np.argsort(starts, kind="stable")
    return Discovery.of(said[order], answers[order])


def _span(starts: NDArray[np.int64]) -> Span:
    first, last = (datetime.fromtimestamp(int(each) / 1e9, UTC) for each in (starts.min(), starts.max()))
    return Span(samples=len(starts), first=first, last=last)


def _told(values: NDArray[Any], label: Target) -> Numbers:
    if label.classes is None:
        return _moments(values)
    counts = np.bincount(values.astype(np.int64), minlength=len(label.classes)) / max(len(values), 1)
    return dict(zip(label.classes, counts.tolist(), strict=True))


def _moments(values: NDArray[Any]) -> Numbers:
    """Of what is a number among the values."""
    known = values[np.isfinite(values)].astype(np.float64)
    if not len(known):
        return {}
    found = {"mean": known.mean(), "std": known.std(), "min": known.min(), "max": known.max()}
    return {name: float(value) for name, value in found.items()}
