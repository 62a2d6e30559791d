"""Min-max scaling of each window."""

from __future__ import annotations

from typing import Any

import keras  # noqa: TID253
from keras import ops  # noqa: TID253


@keras.saving.register_keras_serializable("trading_ml")
class MinMax(keras.layers.Layer):
    """y = (x − min) / (max − min), per sample and column over the bars of the window; unitless, in [0, 1].

    The window ends on the sample's own bar, so nothing later enters. A flat column becomes 0.

    Example:
        >>> MinMax()(ops.array([[[1.0], [3.0], [2.0]]])).numpy().ravel().tolist()
        [0.0, 1.0, 0.5]
    """

    def call(self, x: Any) -> Any:
        """Scale (samples, window, columns)."""
        low = ops.min(x, axis=1, keepdims=True)
        return ops.divide_no_nan(ops.subtract(x, low), ops.subtract(ops.max(x, axis=1, keepdims=True), low))
