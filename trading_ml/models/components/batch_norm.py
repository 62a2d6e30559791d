"""Normalisation over the batch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trading_ml.models.layer import Layer


def batch_norm(*, momentum: Annotated[float, Field(ge=0, lt=1)] = 0.99) -> Layer:
    """Standard scores over the batch: y = γ·(x − mean) / √(variance + 0.001) + β, by column of the last axis.

    While training, mean and variance are the batch's; afterwards their running means, which are saved with the model.
    Shapes: any → the same.
    Source: Ioffe and Szegedy, Batch Normalization (2015).

    Args:
        momentum: How much of the running means a batch leaves as it was.

    Example:
        >>> import numpy as np
        >>> batch_norm()(np.ones((2, 5))).shape
        TensorShape([2, 5])
    """
    from keras import layers

    return layers.BatchNormalization(momentum=momentum)
