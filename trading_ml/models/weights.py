"""How much a sample counts while training: its own weight times that of its label's class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator

from trading_ml.core.errors import BadParams, nearest
from trading_ml.models.source import Floats, Indices, Source, Target

_KEY = "training.class_weight"
_WORDS = ("balanced", "none")


def _named(raw: object) -> object:
    """YAML reads a class called true as a truth, and nothing as nothing.

    Raises:
        BadParams: for another word, or what is no weight.
    """
    if raw is None or isinstance(raw, str):
        word = raw or "none"
        if word not in _WORDS:
            raise BadParams(_KEY, f"'{word}' is not a known value", nearest(word, _WORDS))
        return word
    if not isinstance(raw, Mapping):
        raise BadParams(_KEY, f"is {raw!r}", "say balanced, none, or a weight for each class")
    weights = {str(name).lower() if isinstance(name, bool) else str(name): weight for name, weight in raw.items()}
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < inf:
            raise BadParams(f"{_KEY}.{name}", f"is {weight!r}, not a number from 0 on")
    return weights


ClassWeight = Annotated[dict[str, float] | Literal["balanced", "none"], BeforeValidator(_named)]
"""`balanced`, `none`, or class → weight; a class that is not named counts 1."""


def class_weights(
    source: Source, targets: Sequence[Target], rows: Indices, wanted: ClassWeight
) -> dict[str, NDArray[np.float64]]:
    """By label the weight of each class, in the order of their codes; labels that are numbers have none.

    Formula of `balanced`: w_c = Σ s / (k · Σ_c s), s being the samples' own weights, k the number of classes that
    occur; so all classes weigh the same in sum. Where all samples count alike it is n / (k · n_c).
    Source: Gary King and Langche Zeng, Logistic Regression in Rare Events Data (2001).

    Args:
        source: The dataset.
        targets: Its labels.
        rows: The training samples: nothing else is counted.
        wanted: What the project file says.

    Raises:
        BadParams: when no label has such a class, all are numbers, or no sample would count.
    """
    classed = [target for target in targets if target.classes is not None]
    if wanted == "none":
        return {}
    if not classed:
        raise BadParams(_KEY, f"label {targets[0].name} is a number and has no classes", "leave it out")
    if wanted != "balanced" and len(classed) > 1:
        named = " and ".join(target.name for target in classed)
        raise BadParams(_KEY, f"gives weights to classes, and {named} both have some", "say balanced, or none")
    return {target.name: _counted(source, target, rows, wanted) for target in classed}


def _counted(source: Source, target: Target, rows: Indices, wanted: ClassWeight) -> NDArray[np.float64]:
    own = source.samples["weight"].to_numpy()[rows].astype(np.float64)
    codes = source.labels(rows, target.columns[0]).astype(np.int64)
    sums = np.bincount(codes, own, len(target.classes or ())).astype(np.float64)
    if wanted == "balanced":
        return np.divide(sums.sum(), np.count_nonzero(sums) * sums, out=np.ones_like(sums), where=sums > 0)
    assert isinstance(wanted, Mapping)
    return _given(wanted, target, sums)


def _given(wanted: Mapping[str, float], target: Target, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    classes = target.classes or ()
    for name in wanted:
        if name not in classes:
            raise BadParams(f"{_KEY}.{name}", f"unknown class of label {target.name}", nearest(name, classes))
    weights = np.array([wanted.get(name, 1.0) for name in classes])
    if not (weights * sums).any():
        raise BadParams(_KEY, "leaves no training sample that counts", "give a class that occurs a weight above 0")
    return weights


def sample_weights(
    source: Source, target: Target, indices: Indices, by_class: NDArray[np.float64] | None = None
) -> Floats | None:
    """What each sample counts: own weight × weight of its class, with a mean of 1; None where all count alike.

    The mean keeps the size of steps: weights change what is learnt, not how fast.
    """
    weights = source.samples["weight"].to_numpy()[indices].astype(np.float64)
    if by_class is not None and target.classes is not None:
        weights = weights * by_class[source.labels(indices, target.columns[0]).astype(np.int64)]
    if not len(weights) or not np.ptp(weights):
        return None
    return (weights / weights.mean()).astype(np.float32)
