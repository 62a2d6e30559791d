"""Self-attention as one layer, with one input."""

from __future__ import annotations

from typing import Any

import keras  # noqa: TID253


@keras.saving.register_keras_serializable("trading_ml")
class SelfAttention(keras.layers.Layer):
    """Multi-head attention in which queries, keys and values all come from x: (samples, bars, columns) → the same."""

    def __init__(self, heads: int, width: int, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.input_spec = keras.layers.InputSpec(ndim=3)
        self.heads, self.width, self.rate = heads, width, dropout
        self.looks = keras.layers.MultiHeadAttention(heads, width, dropout=dropout, name="looks")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Weights of queries, keys, values and what is made of them."""
        self.looks.build(input_shape, input_shape)
        super().build(input_shape)

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Look from every bar at every bar."""
        return self.looks(x, x, training=training)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What makes the layer again."""
        return super().get_config() | {"heads": self.heads, "width": self.width, "dropout": self.rate}
