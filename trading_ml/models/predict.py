"""Probabilities of a trained model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.models.batches import inputs
from trading_ml.models.source import Indices, Source

_BATCH = 4096


def predict(model: Any, source: Source, indices: Indices) -> NDArray[np.float64]:
    """P(second class) of each sample, for a model of a label of two classes.

    The batches are fixed, so the same samples give the same bits.
    """
    batches = (indices[start : start + _BATCH] for start in range(0, len(indices), _BATCH))
    seen = [tensor.name for tensor in model.inputs]
    answers = [np.asarray(model.predict_on_batch(inputs(source, batch, seen))) for batch in batches]
    return np.concatenate([np.empty((0, 1)), *answers])[:, 0].astype(np.float64)
