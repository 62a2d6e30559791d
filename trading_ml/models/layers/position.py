"""Learnt positions in a window."""

from __future__ import annotations

from typing import Any

import keras  # noqa: TID253


@keras.saving.register_keras_serializable("trading_ml")
class Position(keras.layers.Layer):
    """y[t] = x[t] + p[t]; p has a row for every bar of the window and starts small."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.input_spec = keras.layers.InputSpec(ndim=3)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """One row of weights for each bar."""
        self.places = self.add_weight(shape=input_shape[1:], initializer="uniform", name="places")

    def call(self, x: Any) -> Any:
        """Add (bars, columns) to every sample."""
        return x + self.places
