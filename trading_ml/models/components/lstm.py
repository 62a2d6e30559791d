"""Long short-term memory."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trading_ml.models.layer import Layer


def lstm(
    *,
    units: Annotated[int, Field(ge=1)],
    sequence: bool = False,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
) -> Layer:
    """A state that is carried from bar to bar, behind gates that keep, add and show.

    f, i, o = sigmoid(W·[x, h] + b); c ← f·c + i·tanh(W·[x, h] + b); h ← o·tanh(c).
    Shapes: (samples, bars, columns) → (samples, units), h of the last bar; with `sequence` (samples, bars, units).
    Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997).

    Args:
        units: Width of the state.
        sequence: Show h of every bar, for another layer along the bars.
        dropout: Share of the columns that is dropped while training.

    Example:
        >>> import numpy as np
        >>> lstm(units=3)(np.ones((2, 10, 5))).shape
        TensorShape([2, 3])
    """
    from keras import layers

    return layers.LSTM(units, return_sequences=sequence, dropout=dropout)
