"""Scaling of prices relative to the middle between two of them at the sample's own bar."""

from __future__ import annotations

from trading_ml.models.layer import Layer


def relative_to_mid(*, columns: tuple[str, ...] = ()) -> Layer:
    """Distance from the middle: y = (x − mid) / |mid|, mid = (bid + ask) / 2, or (high + low) / 2, on the last bar.

    Shapes: (samples, bars, columns) → the same.

    Args:
        columns: Names of the columns; the graph fills in those of the feature that is read.

    Example:
        >>> import numpy as np
        >>> relative_to_mid(columns=("bid", "ask"))(np.array([[[1.0, 3.0]]])).numpy().ravel().tolist()
        [-0.5, 0.5]
    """
    from trading_ml.models.layers.relative_to_mid import RelativeToMid
    from trading_ml.models.scaling import between

    return RelativeToMid(between(columns))
