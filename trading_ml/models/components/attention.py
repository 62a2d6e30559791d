"""Self-attention along the bars."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trading_ml.models.layer import Layer


def attention(
    *,
    heads: Annotated[int, Field(ge=1)] = 4,
    width: Annotated[int, Field(ge=1)] = 16,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
) -> Layer:
    """Every bar looks at every bar of its window: softmax(Q Kᵀ / √width) V, several heads side by side.

    Q, K and V are linear in x. All bars of a window are known at the sample, so none is masked.
    Shapes: (samples, bars, columns) → the same.
    Source: Vaswani et al., Attention Is All You Need (2017).

    Args:
        heads: How many.
        width: Of Q and K in each head.
        dropout: Share of the looks that is dropped while training.

    Example:
        >>> import numpy as np
        >>> attention(heads=2, width=4)(np.ones((2, 10, 5))).shape
        TensorShape([2, 10, 5])
    """
    from trading_ml.models.layers.self_attention import SelfAttention

    return SelfAttention(heads, width, dropout)
