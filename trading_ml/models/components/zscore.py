"""Standard scores."""

from __future__ import annotations

from trading_ml.models.layer import Layer


def zscore() -> Layer:
    """Standard scores: y = (x − mean) / std, by column, adapted to what the training windows come to before it.

    It may stand behind inputs and scalings, also when they are flattened and joined: nothing before it learns while
    training. Shapes: (samples, bars, columns) or (samples, columns) → the same.

    Example:
        >>> import numpy as np
        >>> zscore()(np.array([[[2.0]]])).numpy().ravel().tolist()  # mean 0 and deviation 1 until it is adapted
        [2.0]
    """
    from trading_ml.models.layers.zscore import ZScore

    return ZScore()
