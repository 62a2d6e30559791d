"""Metrics that Keras tells after each epoch, beside those that every kind of label has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from trading_ml.core.errors import BadParams, nearest
from trading_ml.models.source import Kind

_KEY = "training.metrics"
METRICS: Mapping[str, tuple[tuple[Kind, ...], str, Mapping[str, Any]]] = {
    "auc": (("binary",), "AUC", {}),
    "pr_auc": (("binary",), "AUC", {"curve": "PR"}),
    "precision": (("binary",), "Precision", {}),
    "recall": (("binary",), "Recall", {}),
    "top_2_accuracy": (("categorical",), "SparseTopKCategoricalAccuracy", {"k": 2}),
    "mean_squared_error": (("binary", "numeric"), "MeanSquaredError", {}),
    "root_mean_squared_error": (("numeric",), "RootMeanSquaredError", {}),
    "mean_absolute_percentage_error": (("numeric",), "MeanAbsolutePercentageError", {}),
    "r2_score": (("numeric",), "R2Score", {}),
    "cosine_similarity": (("numeric",), "CosineSimilarity", {}),
}
"""By name the kinds of labels it is for, and what Keras calls it."""


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in METRICS:
            raise ValueError(f"'{name}' is not a metric; {nearest(name, METRICS)}")
    return names


MetricNames = Annotated[
    tuple[str, ...], BeforeValidator(lambda raw: (raw,) if isinstance(raw, str) else raw), AfterValidator(_known)
]
"""A name, or several."""


def fitting(names: Iterable[str], kinds: Iterable[Kind]) -> None:
    """Whether each metric is for one of these kinds of labels.

    Raises:
        BadParams: when one is for none.
    """
    there = set(kinds)
    for name in names:
        meant = METRICS[name][0]
        if not there & set(meant):
            fix = "known for it: " + ", ".join(each for each, told in METRICS.items() if there & set(told[0]))
            raise BadParams(_KEY, f"{name} is for {' and '.join(meant)} labels, of which there is none", fix)


def made(names: Iterable[str], kind: Kind) -> list[Any]:
    """Those that are for this kind of label, new ones."""
    import keras

    make: Callable[[str], Any] = lambda name: getattr(keras.metrics, METRICS[name][1])(name=name, **METRICS[name][2])
    return [make(name) for name in names if kind in METRICS[name][0]]
