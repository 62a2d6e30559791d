"""Standard scores by the mean and deviation of the training part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras  # noqa: TID253
import numpy as np
from keras import ops  # noqa: TID253
from numpy.typing import NDArray

from trading_ml.models.scaling import moments


@keras.saving.register_keras_serializable("trading_ml")
class ZScore(keras.layers.Layer):
    """y = (x − mean) / std, per column; unitless. `mean` and `std` (of the population) are set once by `adapt`.

    They are weights, so they are saved with the model. A column that never changed while adapting becomes 0.

    Example:
        >>> layer = ZScore()
        >>> layer.adapt([np.array([[[1.0], [3.0]]])])
        >>> layer(ops.array([[[1.0], [5.0]]])).numpy().ravel().tolist()
        [-1.0, 3.0]
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """One mean and one deviation per column."""
        columns = (input_shape[-1],)
        self.mean = self.add_weight(shape=columns, initializer="zeros", trainable=False, name="mean")
        self.std = self.add_weight(shape=columns, initializer="ones", trainable=False, name="std")

    def adapt(self, batches: Iterable[NDArray[np.floating]]) -> None:
        """Take mean and deviation from every row of `batches` (samples, window, columns): training windows only.

        Sums run in float64 around the first row, so neither size nor level of the values costs precision.
        """
        mean, std = moments(batches)
        if not self.built:
            self.build((None, None, len(mean)))
        self.mean.assign(mean)
        self.std.assign(std)

    def call(self, x: Any) -> Any:
        """Scale (samples, window, columns)."""
        return ops.divide_no_nan(x - self.mean, self.std)
