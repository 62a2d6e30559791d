"""Several nodes side by side."""

from __future__ import annotations

from trading_ml.models.layer import Layer


def concatenate() -> Layer:
    """Several tensors side by side along their last axis, in the order in which `reads` names them.

    Shapes: (…, a), (…, b), … → (…, a + b + …); all other axes have to agree.

    Example:
        >>> import numpy as np
        >>> concatenate()([np.ones((2, 3)), np.ones((2, 4))]).shape
        TensorShape([2, 7])
    """
    from keras import layers

    return layers.Concatenate()
