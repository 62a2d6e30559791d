"""All values of a sample in one row."""

from __future__ import annotations

from trading_ml.models.layer import Layer


def flatten() -> Layer:
    """All values of a sample side by side, bar after bar.

    Shapes: (samples, bars, columns) → (samples, bars · columns).

    Example:
        >>> import numpy as np
        >>> flatten()(np.ones((2, 10, 5))).shape
        TensorShape([2, 50])
    """
    from keras import layers

    return layers.Flatten()
