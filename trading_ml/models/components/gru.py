"""Gated recurrent unit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trading_ml.models.layer import Layer


def gru(
    *,
    units: Annotated[int, Field(ge=1)],
    sequence: bool = False,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
) -> Layer:
    """A state that is carried from bar to bar, with two gates: three quarters of an LSTM's weights.

    z, r = sigmoid(W·[x, h] + b); h ← z·h + (1 − z)·tanh(W·x + r·(U·h) + b).
    Shapes: (samples, bars, columns) → (samples, units), h of the last bar; with `sequence` (samples, bars, units).
    Source: Cho et al., Learning Phrase Representations using RNN Encoder–Decoder (2014).

    Args:
        units: Width of the state.
        sequence: Show h of every bar, for another layer along the bars.
        dropout: Share of the columns that is dropped while training.

    Example:
        >>> import numpy as np
        >>> gru(units=3, sequence=True)(np.ones((2, 10, 5))).shape
        TensorShape([2, 10, 3])
    """
    from keras import layers

    return layers.GRU(units, return_sequences=sequence, dropout=dropout)
