"""The scalings as NumPy functions of windows (samples, bars, columns): the formulas of the layers of these names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.core.errors import BadParams

Windows = NDArray[np.floating]
_PAIRS = (("bid", "ask"), ("high", "low"))


def none(x: Windows) -> Windows:
    """Raw values: y = x."""
    return x


def minmax(x: Windows) -> Windows:
    """Range of a window: y = (x − min) / (max − min), per sample and column over the bars; a flat column becomes 0.

    Example:
        >>> minmax(np.array([[[1.0], [3.0], [2.0]]])).ravel().tolist()
        [0.0, 1.0, 0.5]
    """
    low = x.min(axis=1, keepdims=True)
    return _divided(x - low, x.max(axis=1, keepdims=True) - low)


def relative_to_last(x: Windows) -> Windows:
    """Fraction of the last bar: y = (x − last) / |last|, per sample and column; 0 where the last value is 0.

    Example:
        >>> relative_to_last(np.array([[[1.0], [3.0], [2.0]]])).ravel().tolist()
        [-0.5, 0.5, 0.0]
    """
    last = x[:, -1:, :]
    return _divided(x - last, np.abs(last))


def relative_to_mid(x: Windows, pair: Sequence[int]) -> Windows:
    """Distance from the middle between two columns on the last bar: y = (x − mid) / |mid|; all 0 where it is 0.

    Example:
        >>> relative_to_mid(np.array([[[2.0, 4.0], [1.0, 3.0]]]), (0, 1)).tolist()
        [[[0.0, 1.0], [-0.5, 0.5]]]
    """
    a, b = (x[:, -1:, column : column + 1] for column in pair)
    mid = (a + b) / 2
    return _divided(x - mid, np.abs(mid))


def zscore(x: Windows, mean: NDArray, std: NDArray) -> Windows:
    """Standard scores: y = (x − mean) / std, per column; a column whose `std` is 0 becomes 0.

    Example:
        >>> zscore(np.array([[[1.0], [5.0]]]), np.array([2.0]), np.array([1.0])).ravel().tolist()
        [-1.0, 3.0]
    """
    return _divided(x - mean, std)


def log(x: Windows) -> Windows:
    """Magnitudes: ±log(1 + |x|), natural, with the sign of x.

    Example:
        >>> log(np.array([-9.0, 0.0])).round(4).tolist()
        [-2.3026, 0.0]
    """
    return np.sign(x) * np.log1p(np.abs(x))


SCALINGS: dict[str, Callable[..., Windows]] = {
    "minmax": minmax,
    "relative_to_last": relative_to_last,
    "relative_to_mid": relative_to_mid,
    "zscore": zscore,
    "log": log,
    "none": none,
}


def known_before(scaling: str, columns: Sequence[str], windows: Iterable[Windows]) -> list[Any]:
    """What a scaling takes beside the windows: places of two columns, or the moments of the training windows.

    Args:
        scaling: Its name.
        columns: Names of the feature's columns.
        windows: Batches of training windows; only a scaling that learns from them looks.

    Raises:
        BadParams: when the columns do not fit.
    """
    if scaling == "relative_to_mid":
        return [list(between(columns))]
    return [each.astype(np.float32) for each in moments(windows)] if scaling == "zscore" else []


def moments(batches: Iterable[Windows]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation (of the population) of every column over all rows of `batches` (samples, bars, columns).

    Sums run in float64 around the first row, so neither size nor level of the values costs precision.

    Example:
        >>> [each.tolist() for each in moments([np.array([[[1.0], [3.0]]])])]
        [[2.0], [1.0]]
    """
    count, origin, total, squares = 0, np.zeros(1), np.zeros(1), np.zeros(1)
    for batch in batches:
        rows = batch.reshape(-1, batch.shape[-1]).astype(np.float64)
        origin = origin if count else rows[0].copy()
        rows -= origin
        count, total, squares = count + len(rows), total + rows.sum(0), squares + np.square(rows).sum(0)
    mean = total / count
    return origin + mean, np.sqrt(np.maximum(squares / count - np.square(mean), 0))


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


def _divided(above: Windows, below: Windows) -> Windows:
    return np.divide(above, below, out=np.zeros_like(above), where=below != 0)
