"""Logarithmic scaling."""

from __future__ import annotations

from trading_ml.models.layer import Layer


def log() -> Layer:
    """Logarithms of numbers of either sign: y = sign(x) · ln(1 + |x|), value by value.

    Shapes: (samples, bars, columns) → the same.

    Example:
        >>> import numpy as np
        >>> log()(np.array([[[0.0]]])).numpy().ravel().tolist()
        [0.0]
    """
    from trading_ml.models.layers.log import Log

    return Log()
