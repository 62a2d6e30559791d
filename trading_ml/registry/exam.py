"""An exam: what the test part asked about one label, and what the model and the baselines answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.models import baselines
from trading_ml.models.baselines import Baseline
from trading_ml.models.predict import happened, predict
from trading_ml.models.source import Indices, Kind, Source, Target, part
from trading_ml.registry.params import GateParams

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Exam:
    """Answers on one label, sample by sample; a model of several labels takes one exam in each."""

    label: str
    kind: Kind
    answers: NDArray[Any]
    """What happened: codes of classes (0 or 1 where there are two), or numbers, (samples,) or (samples, columns)."""
    starts: NDArray[np.int64]
    """Time of each sample, nanoseconds UTC."""
    ends: NDArray[np.int64]
    """When its label was known."""
    model: Floats
    """By the model: P(second class), (samples,); P of each class, (samples, classes); or numbers, shaped as answers."""
    baselines: Mapping[str, Floats]
    """The same by each baseline."""
    earned: Floats | None = None
    """Net profit at each sample in basis points, where the model is to be traded; None where it is not."""
    classes: tuple[str, ...] = ("false", "true")
    """Names of the classes by code; without meaning for numbers."""

    @property
    def everybody(self) -> dict[str, Floats]:
        """What was answered by whom: the `model` first, then the baselines."""
        return {"model": self.model, **self.baselines}

    def in_time(self) -> Exam:
        """The same exam in the order of time, instruments side by side: what is drawn together moved together."""
        order = np.argsort(self.starts, kind="stable")
        ordered = {name: getattr(self, name)[order] for name in ("answers", "starts", "ends", "model")}
        others = {name: answered[order] for name, answered in self.baselines.items()}
        earned = None if self.earned is None else self.earned[order]
        return replace(self, **ordered, baselines=others, earned=earned)


def sit(model: Any, source: Source, labels: Sequence[Target], params: GateParams) -> dict[str, list[Exam]]:
    """By part the exams of a model in each of its labels; baselines are asked on the test part only.

    Raises:
        NoData: when a part is empty. BadParams: when metric or baselines do not fit a label.
    """
    exams = {}
    for name in ("train", "validation", "test"):
        indices = part(source, name)
        told = predict(model, source, indices, [label.name for label in labels])
        rivals = [params.baselines_for(label.name, label.kind) if name == "test" else () for label in labels]
        pairs = zip(labels, rivals, strict=True)
        exams[name] = [_exam(source, indices, label, told[label.name], names) for label, names in pairs]
    return exams


def _exam(source: Source, indices: Indices, label: Target, told: Floats, rivals: Iterable[Baseline]) -> Exam:
    others = {name: baselines.fit(name, source, label)(indices) for name in rivals}
    answers, intervals = happened(source, indices, label), source.label_intervals(indices)
    return Exam(label.name, label.kind, answers, *intervals, told, others, classes=label.classes or ())
