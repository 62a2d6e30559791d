"""Scaling of prices relative to the middle between two of them at the sample's own bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras  # noqa: TID253
from keras import ops  # noqa: TID253


@keras.saving.register_keras_serializable("trading_ml")
class RelativeToMid(keras.layers.Layer):
    """y = (x − mid) / |mid|, per sample for all columns alike, mid = (x[last, a] + x[last, b]) / 2; a fraction.

    The last row is the sample's own bar, so the middle is known. One middle for the whole window keeps what lies
    between the columns (a spread, a candle's body), which a scale per column would wipe out; so all columns have to be
    prices.
    Where the middle is 0, all becomes 0.

    Args:
        between: Positions of the columns a and b.

    Example:
        >>> bid_and_ask = ops.array([[[2.0, 4.0], [1.0, 3.0]]])
        >>> RelativeToMid((0, 1))(bid_and_ask).numpy().tolist()
        [[[0.0, 1.0], [-0.5, 0.5]]]
    """

    def __init__(self, between: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.between = tuple(between)

    def call(self, x: Any) -> Any:
        """Scale (samples, window, columns)."""
        a, b = (x[:, -1:, column : column + 1] for column in self.between)
        mid = (a + b) / 2
        return ops.divide_no_nan(x - mid, ops.abs(mid))

    def get_config(self) -> dict[str, Any]:
        """What makes the layer again."""
        return super().get_config() | {"between": self.between}
