"""Normalisation within a row."""

from __future__ import annotations

from trading_ml.models.layer import Layer


def layer_norm() -> Layer:
    """Standard scores within a row: y = γ·(x − mean) / √(variance + 0.001) + β, along the last axis.

    The same in training and afterwards, whatever else is in the batch.
    Shapes: any → the same.
    Source: Ba, Kiros and Hinton, Layer Normalization (2016).

    Example:
        >>> import numpy as np
        >>> layer_norm()(np.array([[1.0, 3.0]])).numpy().round(2).tolist()
        [[-1.0, 1.0]]
    """
    from keras import layers

    return layers.LayerNormalization()
