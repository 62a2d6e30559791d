"""Answers as people read them: classes by their names, numbers by their columns, beside what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.models.evaluate import THRESHOLD
from trading_ml.models.predict import happened
from trading_ml.models.source import Indices, Source, Target


def decoded(
    source: Source,
    indices: Indices,
    labels: Sequence[Target],
    told: Mapping[str, NDArray[np.float64]],
    thresholds: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """One row a sample: its `instrument`, its time `ts`, and what a model answers to each label.

    A label of classes has `<label>`, the name of the answer, `<label>.p`, the probability of that class, and
    `<label>.happened`, the name of the class that did. Of several classes the likeliest is the answer; of two the
    second, where its probability is above the threshold. A number has its column and `<column>.happened`, in the
    label's units.

    Args:
        source: The dataset.
        indices: Which of its samples.
        labels: What the model answers.
        told: Its answers by label, as `predict` gives them.
        thresholds: Of labels of two classes; one half where nothing is said.
    """
    moments = source.label_intervals(indices)[0]
    shown = {
        "instrument": source.samples["instrument"].cast(pl.String).gather(indices),
        "ts": pl.Series(moments, dtype=pl.Int64).cast(pl.Datetime("ns", "UTC")),
    }
    for label in labels:
        known = happened(source, indices, label)
        if label.classes:
            shown |= _named(label, told[label.name], known, (thresholds or {}).get(label.name, THRESHOLD))
        else:
            shown |= _numbers(label, told[label.name], known)
    return pl.DataFrame(shown)


def _named(label: Target, p: NDArray[np.float64], codes: NDArray[Any], threshold: float) -> dict[str, pl.Series]:
    names = np.array(label.classes)
    said = (p > threshold).astype(np.int64) if p.ndim == 1 else p.argmax(axis=1)
    sure = np.where(said == 1, p, 1 - p) if p.ndim == 1 else p.max(axis=1)
    columns = {label.name: names[said], f"{label.name}.p": sure, f"{label.name}.happened": names[codes]}
    return {name: pl.Series(name, values.tolist()) for name, values in columns.items()}


def _numbers(label: Target, values: NDArray[np.float64], known: NDArray[Any]) -> dict[str, pl.Series]:
    told, was = (each.reshape(len(each), label.width) for each in (values, known))
    columns = {}
    for place, name in enumerate(label.columns):
        columns |= {
            name: pl.Series(name, told[:, place]),
            f"{name}.happened": pl.Series(f"{name}.happened", was[:, place]),
        }
    return columns
