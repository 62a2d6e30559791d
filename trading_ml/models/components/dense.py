"""Fully connected layer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trading_ml.models.layer import Activation, Layer


def dense(
    *,
    units: Annotated[int, Field(ge=1)],
    activation: Activation = "linear",
    l1: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0,
    l2: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0,
    use_bias: bool = True,
) -> Layer:
    """Weighted sums along the last axis: y = activation(x W + b).

    Shapes: (samples, columns) → (samples, units); (samples, bars, columns) → (samples, bars, units), each bar alike.

    Args:
        units: Width of the output.
        activation: What is applied to the weighted sums.
        l1: Penalty on the absolute values of W.
        l2: Penalty on the squares of W.
        use_bias: Whether b is learnt.

    Example:
        >>> import numpy as np
        >>> dense(units=3)(np.ones((2, 5))).shape
        TensorShape([2, 3])
    """
    from keras import layers, regularizers

    penalty = regularizers.L1L2(l1, l2) if l1 or l2 else None
    return layers.Dense(units, activation, use_bias=use_bias, kernel_regularizer=penalty)
