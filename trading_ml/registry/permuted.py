"""Models taught on permuted labels: what a training comes to where there is nothing to learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from trading_ml.core.digest import digest
from trading_ml.models import baselines
from trading_ml.models.predict import happened, predict
from trading_ml.models.source import Indices, Source, Target, part
from trading_ml.models.train import train
from trading_ml.registry.bootstrap import overlap
from trading_ml.registry.exam import Exam
from trading_ml.registry.runs import Given

if TYPE_CHECKING:
    from trading_ml.registry.rules.control import Control

_OVERLAPS = 3
_TAUGHT = ("train", "validation")


@dataclass(frozen=True)
class Permuted:
    """A dataset whose training and validation samples have each other's labels, block by block in the order of time.

    Neighbours mostly keep what their labels have in common, so a sample that is judged by its own neighbours in
    training is still found out. The test part is as it was.
    """

    source: Source
    number: int
    """Which permutation; the same one for the same number."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)

    @property
    def digest(self) -> str:
        """That of another dataset."""
        return digest(self.source.digest, "permuted", self.number)

    def labels(self, indices: Indices, label: str) -> NDArray[Any]:
        """The label of the sample whose place each one has taken."""
        return self.source.labels(self.order[indices], label)

    @cached_property
    def order(self) -> Indices:
        """By sample whose label it has."""
        taught = np.concatenate([self.source.indices(name) for name in _TAUGHT])
        starts, ends = self.source.label_intervals(taught)
        first = np.argsort(starts, kind="stable")
        length = _OVERLAPS * overlap(starts[first], ends[first])
        blocks = np.array_split(np.arange(len(taught)), max(len(taught) // length, 2))
        mixed = np.random.default_rng(self.number).permutation(len(blocks))
        order = np.arange(len(self.source.samples))
        order[taught[first]] = taught[first][np.concatenate([blocks[each] for each in mixed])]
        return order


def controls(given: Given, source: Source, labels: Sequence[Target], asked: Control) -> dict[str, tuple[Exam, ...]]:
    """By label the exams on the validation part of models taught on permuted labels, beside a constant answer."""
    sat = [_exams(given, cast("Source", Permuted(source, n)), labels, asked.epochs) for n in range(asked.permutations)]
    return {label.name: tuple(each[place] for each in sat) for place, label in enumerate(labels)}


def _exams(given: Given, source: Source, labels: Sequence[Target], epochs: int) -> list[Exam]:
    fewer = {"epochs": min(epochs, given.training.epochs), "early_stopping": None, "start_from": None}
    model = train(source, given.model, given.training.model_copy(update=fewer)).model
    indices = part(source, "validation")
    told = predict(model, source, indices, [label.name for label in labels])
    return [_exam(source, indices, label, told[label.name]) for label in labels]


def _exam(source: Source, indices: Indices, label: Target, told: NDArray[np.float64]) -> Exam:
    constant = {"majority": baselines.fit("majority", source, label)(indices)}
    answers, intervals = happened(source, indices, label), source.label_intervals(indices)
    return Exam(label.name, label.kind, answers, *intervals, told, constant, classes=label.classes or ())
