"""What a trained model answers, and what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.models.batches import inputs
from trading_ml.models.source import Indices, Source, Target, answers, targets

_BATCH = 4096


def predict(
    model: Any, source: Source, indices: Indices, labels: Iterable[str] | None = None
) -> dict[str, NDArray[np.float64]]:
    """The answers of a model to each of its labels, by label, whether it has one or several.

    P(second class) of two classes, (samples,); P of each class of several, (samples, classes); numbers in the label's
    units, (samples,), or (samples, columns) where the label has several. The batches are fixed, so the same samples
    give the same bits.

    Args:
        model: Gives an answer where it has one label, else a mapping by label.
        source: The dataset whose windows it is shown.
        indices: Which of its samples.
        labels: Names of what the model answers; all labels of the dataset by default.
    """
    asked = targets(source, labels)
    batches = (indices[start : start + _BATCH] for start in range(0, len(indices), _BATCH))
    seen = [tensor.name for tensor in model.inputs]
    answered = [model.predict_on_batch(inputs(source, batch, seen)) for batch in batches]
    told = [each if isinstance(each, Mapping) else {asked[0].name: each} for each in answered]
    return {label.name: _joined(label, [np.asarray(each[label.name]) for each in told]) for label in asked}


def happened(source: Source, indices: Indices, label: Target) -> NDArray[Any]:
    """What predictions are judged by: codes of classes as integers, numbers as they are, columns side by side."""
    known = answers(source, indices, label)
    return known.astype(np.float64 if label.kind == "numeric" else np.int64)


def _joined(label: Target, batches: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    whole = np.concatenate([np.empty((0, label.width)), *(each.reshape(len(each), -1) for each in batches)])
    return whole[:, 0] if label.width == 1 else whole
