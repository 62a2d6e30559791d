"""The largest of neighbouring bars."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trading_ml.models.layer import Layer


def max_pool(*, size: Annotated[int, Field(ge=2)] = 2) -> Layer:
    """Largest values: y[t] = max of x over bars t·size … t·size + size − 1, by column; bars left over are dropped.

    Shapes: (samples, bars, columns) → (samples, ⌊bars / size⌋, columns).

    Args:
        size: Bars that become one.

    Example:
        >>> import numpy as np
        >>> max_pool(size=2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).numpy().ravel().tolist()
        [3.0, 2.0]
    """
    from keras import layers

    return layers.MaxPooling1D(size)
