"""Min-max scaling of each window."""

from __future__ import annotations

from trading_ml.models.layer import Layer


def minmax() -> Layer:
    """Range of a window: y = (x − min) / (max − min), per sample and column over its bars; a flat column becomes 0.

    Shapes: (samples, bars, columns) → the same.

    Example:
        >>> import numpy as np
        >>> minmax()(np.array([[[1.0], [3.0], [2.0]]])).numpy().ravel().tolist()
        [0.0, 1.0, 0.5]
    """
    from trading_ml.models.layers.minmax import MinMax

    return MinMax()
