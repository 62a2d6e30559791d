"""Statistics of a column, chunk by chunk: the whole history's follow from the chunks' without reading it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl

from trading_ml.datasets.splits import PARTS

Moments = Mapping[str, Any]


def moments(column: pl.Series) -> dict[str, Any]:
    """Count, nulls, minimum, maximum, mean and sum of squared deviations (`m2`) of the finite values, in float64.

    Example:
        >>> moments(pl.Series([1.0, None, 3.0]))
        {'count': 2, 'nulls': 1, 'min': 1.0, 'max': 3.0, 'mean': 2.0, 'm2': 2.0}
    """
    values = column.drop_nulls().to_numpy().astype(np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return {"count": 0, "nulls": column.null_count(), "min": None, "max": None, "mean": 0.0, "m2": 0.0}
    mean = float(values.mean())
    return {
        "count": len(values), "nulls": column.null_count(), "min": float(values.min()), "max": float(values.max()),
        "mean": mean, "m2": float(np.square(values - mean).sum()),
    }  # fmt: skip


def combine(parts: Iterable[Moments]) -> dict[str, Any]:
    """min, mean, max, std (of the population) and nulls over all parts, by the pairwise update of Chan et al.

    Example:
        >>> combine([moments(pl.Series([1.0])), moments(pl.Series([3.0, None]))])
        {'min': 1.0, 'mean': 2.0, 'max': 3.0, 'std': 1.0, 'nulls': 1}
    """
    count, nulls, mean, m2, lows, highs = 0, 0, 0.0, 0.0, [], []
    for part in parts:
        nulls += part["nulls"]
        if not (more := part["count"]):
            continue
        gap, total = part["mean"] - mean, count + more
        mean, m2 = mean + gap * more / total, m2 + part["m2"] + gap * gap * count * more / total
        count = total
        lows.append(part["min"])
        highs.append(part["max"])
    if not count:
        return {"min": None, "mean": None, "max": None, "std": None, "nulls": nulls}
    return {"min": min(lows), "mean": mean, "max": max(highs), "std": (m2 / count) ** 0.5, "nulls": nulls}


def balance(samples: pl.DataFrame, parts: pl.Series) -> dict[str, dict[str, Any]]:
    """By label column and part: the count of each class, or min, mean, max and std of a number."""
    labels = samples.drop("instrument", "row", "ts", "label_end", "weight", "date", strict=False)
    told: dict[str, dict[str, Any]] = {}
    for column in labels.iter_columns():
        by_part = {part: column.filter(parts == part) for part in PARTS}
        told[column.name] = {part: _balance(values) for part, values in by_part.items() if len(values)}
    return told


def _balance(values: pl.Series) -> dict[str, Any]:
    if values.dtype.is_numeric():
        return {key: value for key, value in combine([moments(values)]).items() if key != "nulls"}
    return dict(values.cast(pl.String).alias("class").value_counts().sort("class").iter_rows())
