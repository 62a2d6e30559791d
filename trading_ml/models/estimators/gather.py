"""From windows to one matrix of inputs, of a size that is known before it is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.core.errors import BadParams
from trading_ml.models.batches import inputs
from trading_ml.models.estimators.estimator import Shown, flat
from trading_ml.models.families.estimated import EstimatorParams
from trading_ml.models.scaling import SCALINGS, known_before
from trading_ml.models.source import Indices, Source

_TOGETHER = 2048  # samples: what they show beside the matrix stays small
_GB = 1e9


def shown_as(source: Source, params: EstimatorParams, name: str, rows: Indices) -> Shown:
    """How a feature is shown; each of its scalings has looked at the training windows as those before it leave them.

    Args:
        source: The dataset.
        params: Of the family.
        name: The feature's.
        rows: The training samples.

    Raises:
        BadParams: when a scaling does not fit the feature's columns.
    """
    told, asked = source.features[name], params.scale.get(name, ())
    scalings: list[tuple[str, list[Any]]] = []
    for scaling in (asked,) if isinstance(asked, str) else asked:
        known = known_before(scaling, told["columns"], _scaled(source, name, rows, tuple(scalings)))
        scalings.append((scaling, known))
    return Shown(name, told["window"], len(told["columns"]), scalings, params.inputs == "last")


def bounded(params: EstimatorParams, shown: Sequence[Shown], samples: int) -> None:
    """Whether the inputs of so many samples fit into the memory that a family may take.

    Raises:
        BadParams: when they do not.
    """
    width = sum(each.width for each in shown)
    needed = samples * width * params.bytes_per_value / _GB
    if needed > params.memory_gb:
        problem = f"is {params.memory_gb:g}, but {samples:,} samples of {width:,} inputs take {needed:.3g} GB to learn"
        fix = "say inputs: last, shorten windows, sample less often, or raise it"
        raise BadParams("model.memory_gb", problem, fix)


def gathered(source: Source, params: EstimatorParams, shown: Sequence[Shown], rows: Indices) -> NDArray[np.floating]:
    """Inputs of some samples, (samples, inputs), gathered block by block."""
    width, names = sum(each.width for each in shown), [each.name for each in shown]
    found = np.empty((len(rows), width), np.float64 if params.double else np.float32)
    for start in range(0, len(rows), _TOGETHER):
        chosen = rows[start : start + _TOGETHER]
        found[start : start + len(chosen)] = flat(shown, inputs(source, chosen, names))
    return found


def _scaled(
    source: Source, name: str, rows: Indices, scalings: Sequence[tuple[str, list[Any]]]
) -> Iterator[NDArray[np.floating]]:
    for start in range(0, len(rows), _TOGETHER):
        windows: NDArray[np.floating] = source.windows(rows[start : start + _TOGETHER], name)
        for scaling, known in scalings:
            windows = SCALINGS[scaling](windows, *known)
        yield windows
