"""Scaling of prices relative to the middle between two of them at the sample's own bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras  # noqa: TID253
from keras import ops  # noqa: TID253

from trading_ml.core.errors import BadParams

_PAIRS = (("bid", "ask"), ("high", "low"))


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


def between(columns: Sequence[str]) -> tuple[int, int]:
    """Where `bid` and `ask` stand among some columns, or else `high` and `low`.

    Raises:
        BadParams: when there is neither pair.

    Example:
        >>> between(["now.high", "now.low", "now.bid", "now.ask"])
        (2, 3)
    """
    names = [column.rpartition(".")[2] for column in columns]
    for first, second in _PAIRS:
        if first in names and second in names:
            return names.index(first), names.index(second)
    problem = f"needs the columns bid and ask, or high and low, not {', '.join(names)}"
    raise BadParams("relative_to_mid", problem, "relative_to_last needs none")
