"""The mean over the bars of a window."""

from __future__ import annotations

from trading_ml.models.layer import Layer


def mean_over_bars() -> Layer:
    """Mean of x over the bars, column by column.

    Shapes: (samples, bars, columns) → (samples, columns).

    Example:
        >>> import numpy as np
        >>> mean_over_bars()(np.array([[[1.0], [3.0]]])).numpy().tolist()
        [[2.0]]
    """
    from keras import layers

    return layers.GlobalAveragePooling1D()
