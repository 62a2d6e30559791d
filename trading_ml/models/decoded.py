"""Answers as people read them: classes by their names, numbers by their columns, beside what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.models.evaluate import likeliest
from trading_ml.models.predict import happened
from trading_ml.models.source import Indices, Source, Target


def decoded(
    source: Source, indices: Indices, labels: Sequence[Target], told: Mapping[str, NDArray[np.float64]]
) -> pl.DataFrame:
    """One row a sample: its `instrument`, its time `ts`, and what a model answers to each label.

    A label of classes has `<label>`, the name of the likeliest class (of two at one half), `<label>.p`, the probability
    of that class, and `<label>.happened`, the name of the class that did. A number has its column and
    `<column>.happened`, in the label's units.

    Args:
        source: The dataset.
        indices: Which of its samples.
        labels: What the model answers.
        told: Its answers by label, as `predict` gives them.
    """
    moments = source.label_intervals(indices)[0]
    shown = {
        "instrument": source.samples["instrument"].cast(pl.String).gather(indices),
        "ts": pl.Series(moments, dtype=pl.Int64).cast(pl.Datetime("ns", "UTC")),
    }
    for label in labels:
        columns = _named if label.classes else _numbers
        shown |= columns(label, told[label.name], happened(source, indices, label))
    return pl.DataFrame(shown)


def _named(label: Target, p: NDArray[np.float64], codes: NDArray[Any]) -> dict[str, pl.Series]:
    names, said = np.array(label.classes), likeliest(p)
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
