"""Standard scores."""

from __future__ import annotations

from trading_ml.models.layer import Layer


def zscore() -> Layer:
    """Standard scores: y = (x − mean) / std, by column, adapted to the training windows of the feature it reads.

    Shapes: (samples, bars, columns) → the same.

    Example:
        >>> import numpy as np
        >>> zscore()(np.array([[[2.0]]])).numpy().ravel().tolist()  # mean 0 and deviation 1 until it is adapted
        [2.0]
    """
    from trading_ml.models.layers.zscore import ZScore

    return ZScore()
