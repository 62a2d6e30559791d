"""What the gate is told beside the exam on the test part: thresholds, other parts, the champion, controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from trading_ml.core.errors import NoData, Unknown
from trading_ml.datasets import Dataset
from trading_ml.models.evaluate import THRESHOLD
from trading_ml.models.predict import predict
from trading_ml.models.source import Source, Target
from trading_ml.models.threshold import ThresholdParams, calibrate
from trading_ml.registry.exam import Exam
from trading_ml.registry.gate import Known
from trading_ml.registry.params import GateParams
from trading_ml.registry.permuted import controls
from trading_ml.registry.rules.case import Rival
from trading_ml.registry.runs import Given
from trading_ml.registry.store import LABELS, Registry

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

_SEEN = ("bars", "features", "labels")


def known(
    registry: Registry,
    version: ModelVersion,
    source: Source,
    labels: Sequence[Target],
    exams: Mapping[str, Sequence[Exam]],
    params: GateParams,
    threshold: ThresholdParams,
) -> dict[str, Known]:
    """By label what is known of a version beside its exam on the test part.

    Args:
        registry: Whose champion is asked.
        version: What is judged.
        source: On which dataset.
        labels: What it answers.
        exams: What it has answered, by part, a label each.
        params: The rules; what only a rule that is off would look at is left out.
        threshold: How thresholds are chosen.
    """
    rivals, why = _rivals(registry, version, source, labels) if params.champion.on else ({}, "it is not asked")
    taught = _controls(registry, version, source, labels, params)
    parts = {name: {exam.label: exam for exam in sat} for name, sat in exams.items() if name != "test"}
    return {
        label.name: Known(
            threshold=_threshold(parts["validation"][label.name], threshold),
            others={name: sat[label.name] for name, sat in parts.items()},
            champion=rivals.get(label.name), no_champion=why, controls=taught.get(label.name, ()),
        )
        for label in labels
    }  # fmt: skip


def _threshold(exam: Exam, params: ThresholdParams) -> float:
    """By the validation part; one half where its probabilities are no numbers, which the gate will say."""
    fit = exam.kind == "binary" and np.isfinite(exam.model).all()
    return calibrate(exam.answers, exam.model, params) if fit else THRESHOLD


def _controls(
    registry: Registry, version: ModelVersion, source: Source, labels: Sequence[Target], params: GateParams
) -> dict[str, tuple[Exam, ...]]:
    """Nothing where the model was taught by somebody's own code, which cannot be repeated."""
    given = Given.of(registry.client, str(version.run_id)) if params.control.on else None
    return controls(given, source, labels, params.control) if given else {}


def _rivals(
    registry: Registry, version: ModelVersion, source: Source, labels: Sequence[Target]
) -> tuple[dict[str, Rival], str]:
    """By label what the champion answers on the test part; or why it is not asked."""
    champion = registry.champion()
    if champion is None:
        return {}, "there is no champion yet"
    number, names = int(champion.version), [label.name for label in labels]
    if number == int(version.version):
        return {}, "it is the champion itself"
    try:
        own = source if champion.tags["dataset"] == source.digest else _dataset(registry, champion)
    except (NoData, Unknown):
        return {}, f"the dataset of the champion, version {number}, is not there any more"
    other = _unlike(own, source, champion, names)
    if other:
        return {}, f"the champion, version {number}, has other {' and '.join(other)}"
    taught = np.concatenate([own.indices(name) for name in ("train", "validation")])
    since = int(own.label_intervals(taught)[1].max())
    answers = predict(registry.load(champion), source, source.indices("test"), _answered(champion, names))
    return {name: Rival(number, answers[name], since) for name in names}, ""


def _dataset(registry: Registry, version: ModelVersion) -> Source:
    return Dataset.open(registry.lake, registry.project, version.tags["dataset"])


def _unlike(own: Source, source: Source, champion: ModelVersion, names: Sequence[str]) -> list[str]:
    """What of the champion's dataset is made otherwise, so that it cannot be asked the same."""
    if not set(names) <= set(_answered(champion, names)):
        return ["labels"]
    told = [each.manifest.get("params", {}) for each in (own, source)]
    return [name for name in _SEEN if told[0].get(name) != told[1].get(name)]


def _answered(version: ModelVersion, names: Sequence[str]) -> list[str]:
    return version.tags[LABELS].split(",") if LABELS in version.tags else list(names)
