"""Weights of samples: what labels share, none of them says alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]


def uniqueness(rows: NDArray[np.int64], ends: Times, closes: Times) -> NDArray[np.float32]:
    """Average uniqueness of each label among the labels of one instrument.

    Formula: a label covers the bars after its sample's through its end; c[t] is how many labels cover bar t, and the
    label's uniqueness is the mean of 1 / c[t] over the bars it covers. It is 1 where no other label overlaps, and about
    1 / h where every bar makes a sample that looks h bars ahead. A label that covers no whole bar shares none: 1.
    Source: Marcos López de Prado, Advances in Financial Machine Learning (2018), 4.3 and 4.4.

    Args:
        rows: Of each sample's own bar, ascending.
        ends: When each label is known, nanoseconds UTC.
        closes: Closes of all the instrument's bars, ascending.

    Example:
        >>> uniqueness(np.array([0, 1]), np.array([30, 30]), np.array([10, 20, 30])).tolist()  # bar 2 is shared
        [0.75, 0.5]
    """
    first, stop = rows + 1, np.maximum(np.searchsorted(closes, ends, "right"), rows + 1)
    steps = np.bincount(first, minlength=len(closes) + 1) - np.bincount(stop, minlength=len(closes) + 1)
    covering = np.cumsum(steps)[: len(closes)]
    shares = np.append(0.0, np.cumsum(1 / np.maximum(covering, 1)))
    bars = stop - first
    return np.where(bars > 0, (shares[stop] - shares[first]) / np.maximum(bars, 1), 1.0).astype(np.float32)
