"""Scaling relative to the last bar of each window."""

from __future__ import annotations

from typing import Any

import keras  # noqa: TID253
from keras import ops  # noqa: TID253


@keras.saving.register_keras_serializable("trading_ml")
class RelativeToLast(keras.layers.Layer):
    """y = (x − last) / |last|, per sample and column, `last` being the sample's own bar; a fraction, 0 on that bar.

    A column whose last value is 0 becomes 0: it has no scale of its own.

    Example:
        >>> RelativeToLast()(ops.array([[[1.0], [3.0], [2.0]]])).numpy().ravel().tolist()
        [-0.5, 0.5, 0.0]
    """

    def call(self, x: Any) -> Any:
        """Scale (samples, window, columns)."""
        last = x[:, -1:, :]
        return ops.divide_no_nan(x - last, ops.abs(last))
