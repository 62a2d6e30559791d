"""Logarithmic scaling that takes every number."""

from __future__ import annotations

from typing import Any

import keras  # noqa: TID253
from keras import ops  # noqa: TID253


@keras.saving.register_keras_serializable("trading_ml")
class Log(keras.layers.Layer):
    """y = sign(x) · log(1 + |x|), natural, value by value: what spans magnitudes (volume, counts) comes close together.

    Like x itself near 0, like ±log |x| far from it; 0 stays 0, and nothing is undefined.

    Example:
        >>> Log()(ops.array([[[-9.0], [0.0], [999.0]]])).numpy().ravel().tolist()  # −log 10, 0, log 1000
        [-2.3025851249694824, 0.0, 6.907755374908447]
    """

    def call(self, x: Any) -> Any:
        """Scale (samples, window, columns); the two halves are told apart so that the slope at 0 is 1 and not 0."""
        rising = ops.log1p(ops.maximum(x, 0))
        falling = ops.log1p(ops.negative(ops.minimum(x, 0)))
        return ops.where(x < 0, ops.negative(falling), rising)
