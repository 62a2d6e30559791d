"""Fractional differencing: a price freed of its level, but not of all memory."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import polars as pl
from pydantic import Field

from trading_ml.features.moving import Numbers, computed


def fractional_difference(
    *,
    order: Annotated[float, Field(gt=0, le=2)] = 0.4,
    threshold: Annotated[float, Field(ge=1e-6, lt=1)] = 1e-4,
) -> pl.Expr:
    """Difference of fractional order of the log close, over a window of fixed width.

    Formula: Σ w[k] · ln c[t−k], w[0] = 1, w[k] = −w[k−1] · (order − k + 1) / k, up to the last |w[k]| ≥ threshold.
    Order 1 is the log return. The weights left out make the level shine through the more, the larger the threshold.
    Source: J. R. M. Hosking, Fractional Differencing (1981); the window: M. López de Prado, Advances in Financial
    Machine Learning (2018), chapter 5.
    Units: none. Known at: the bar's close.

    Args:
        order: How much is differenced: 0 would be the log close itself, 1 its return.
        threshold: Weights from the first one smaller than this on are dropped; the window ends before them.

    Example:
        >>> weights(0.5, 0.06)
        [1.0, -0.5, -0.125, -0.0625]
        >>> from math import exp
        >>> closes = pl.DataFrame({"close": [1.0, exp(4.0), exp(5.0)]})
        >>> closes.select(fractional_difference(order=0.5, threshold=0.3)).to_series().to_list()
        [None, 4.0, 3.0]
    """
    kept = np.array(weights(order, threshold))

    def weighted(level: Numbers) -> Numbers:
        out = np.full(len(level), np.nan)
        if len(level) >= len(kept):
            out[len(kept) - 1 :] = np.convolve(level, kept, "valid")
        return out

    return computed(weighted, pl.col("close").log())


def weights(order: float, threshold: float) -> list[float]:
    """Weights of the binomial series (1 − L)^order, the newest bar's first, until one is below the threshold."""
    found = [1.0]
    while True:
        k = len(found)
        following = -found[-1] * (order - k + 1) / k
        if abs(following) < threshold:
            return found
        found.append(following)
