"""Dropout."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trading_ml.models.layer import Layer


def dropout(*, rate: Annotated[float, Field(ge=0, lt=1)]) -> Layer:
    """While training, y = 0 for a random share of the values and x / (1 − rate) for the others; afterwards y = x.

    The draw is seeded by the training's seed, and its state is part of a checkpoint.
    Shapes: any → the same.
    Source: Srivastava et al., Dropout (2014).

    Args:
        rate: The share.

    Example:
        >>> import numpy as np
        >>> dropout(rate=0.5)(np.ones((1, 3))).numpy().tolist()
        [[1.0, 1.0, 1.0]]
    """
    from keras import layers

    return layers.Dropout(rate)
