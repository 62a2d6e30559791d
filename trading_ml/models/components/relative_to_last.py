"""Scaling relative to the last bar of each window."""

from __future__ import annotations

from trading_ml.models.layer import Layer


def relative_to_last() -> Layer:
    """Distance from the last bar: y = (x − last) / |last|, per sample and column; 0 where the last value is 0.

    Shapes: (samples, bars, columns) → the same.

    Example:
        >>> import numpy as np
        >>> relative_to_last()(np.array([[[1.0], [2.0]]])).numpy().ravel().tolist()
        [-0.5, 0.0]
    """
    from trading_ml.models.layers.relative_to_last import RelativeToLast

    return RelativeToLast()
