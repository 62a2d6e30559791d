"""Convolution along the bars."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trading_ml.models.layer import Activation, Layer


def conv1d(
    *,
    filters: Annotated[int, Field(ge=1)],
    kernel: Annotated[int, Field(ge=1)] = 5,
    stride: Annotated[int, Field(ge=1)] = 1,
    padding: Literal["valid", "same", "causal"] = "valid",
    activation: Activation = "relu",
    l2: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0,
) -> Layer:
    """Patterns looked for all along the window: y[t] = activation(Σ over k < kernel of x[t + k] W[k] + b).

    Shapes: (samples, bars, columns) → (samples, bars′, filters); bars′ is ⌈(bars − kernel + 1) / stride⌉ with valid
    padding, ⌈bars / stride⌉ otherwise. The window ends at the sample's own bar, so nothing later is seen either way.

    Args:
        filters: How many patterns.
        kernel: Bars a pattern spans.
        stride: Bars from one place to the next.
        padding: What stands in for the bars beyond the window: none (valid), zeros at both ends (same), or zeros
            before it (causal).
        activation: What is applied to the sums.
        l2: Penalty on the squares of W.

    Example:
        >>> import numpy as np
        >>> conv1d(filters=4, kernel=3)(np.ones((2, 10, 5))).shape
        TensorShape([2, 8, 4])
    """
    from keras import layers, regularizers

    penalty = regularizers.L2(l2) if l2 else None
    return layers.Conv1D(filters, kernel, stride, padding, activation=activation, kernel_regularizer=penalty)
