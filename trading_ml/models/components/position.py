"""Where in the window a bar stands."""

from __future__ import annotations

from trading_ml.models.layer import Layer


def position() -> Layer:
    """A place for every bar: y[t] = x[t] + p[t], p learnt; attention alone does not know which bar is the newest.

    Shapes: (samples, bars, columns) → the same.
    Source: learnt positional embeddings, Gehring et al., Convolutional Sequence to Sequence Learning (2017).

    Example:
        >>> import numpy as np
        >>> position()(np.ones((2, 10, 5))).shape
        TensorShape([2, 10, 5])
    """
    from trading_ml.models.layers.position import Position

    return Position()
