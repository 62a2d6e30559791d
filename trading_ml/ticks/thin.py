"""MinMaxLTTB: few points that look like many.

Steinarsson (2013, Downsampling time series for visual representation) keeps of every bucket the point that spans the
largest triangle with its neighbours (LTTB). Van Der Donckt et al. (2023, MinMaxLTTB) first keep the extremes of finer
buckets, which costs a tenth and looks the same.
"""

from __future__ import annotations

import numpy as np

from trading_ml.core.compiled import compiled
from trading_ml.core.errors import BadParams
from trading_ml.ticks.ranges import Floats, Ints

_RATIO = 4
"""Points that are preselected for each one kept."""


def thinned(ts: Ints, price: Floats, points: int) -> Ints:
    """Positions, ascending, of at most `points` ticks that keep the picture.

    The first and the last tick are among them, the lowest and the highest; of several equal ones the first.

    Args:
        ts: Ascending stamps.
        price: A price each.
        points: Most points to keep.

    Raises:
        BadParams: when `points` is less than 4.

    Example:
        >>> price = np.array([5.0, 5.0, 5.1, 9.0, 5.1, 5.0, 1.0, 5.0, 5.0])
        >>> thinned(np.arange(9), price, 4).tolist()
        [0, 3, 6, 8]
    """
    if points < 4:
        raise BadParams(
            f"points {points}", "are too few: first, last, lowest and highest are always shown", "ask for 4"
        )
    if len(ts) <= points:
        return np.arange(len(ts))
    chosen = np.arange(len(ts))
    if len(ts) > _RATIO * points:
        width = (ts[-1] - ts[0]) // (_RATIO * points // 2) + 1
        chosen = _preselected(ts, price, width)
    spikes = np.array([price.argmin(), price.argmax()])
    if len(chosen) > points - 2:
        chosen = chosen[_largest_triangles((ts[chosen] - ts[0]).astype(np.float64), price[chosen], points - 2)]
    return np.union1d(chosen, spikes)


@compiled
def _preselected(ts: Ints, price: Floats, width: int) -> Ints:
    """The first and the last position, and the lowest and the highest of each `width` of time, ascending."""
    last = len(ts) - 1
    chosen = np.empty(len(ts), np.int64)
    chosen[0] = 0
    count, bucket, low, high = 1, np.int64(0), 0, 0
    for tick in range(1, last + 2):
        now = (ts[tick] - ts[0]) // width if tick <= last else np.int64(-1)
        if now == bucket:
            low = tick if price[tick] < price[low] else low
            high = tick if price[tick] > price[high] else high
            continue
        for at in (min(low, high), max(low, high)):
            if at > chosen[count - 1]:
                chosen[count] = at
                count += 1
        bucket, low, high = now, tick, tick
    if chosen[count - 1] < last:
        chosen[count] = last
        count += 1
    return chosen[:count].copy()


@compiled
def _largest_triangles(x: Floats, y: Floats, points: int) -> Ints:
    """LTTB: the first, the last, and of each of `points` − 2 runs of equal length the point of the largest triangle.

    Its corners are the point kept before, the candidate, and the mean of the next run.
    """
    last, runs = len(x) - 1, points - 2
    kept = np.empty(points, np.int64)
    kept[0], kept[points - 1] = 0, last
    before = 0
    for run in range(runs):
        start, end = 1 + run * (last - 1) // runs, 1 + (run + 1) * (last - 1) // runs
        stop = 1 + (run + 2) * (last - 1) // runs if run + 1 < runs else last + 1
        mean_x = mean_y = 0.0
        for at in range(end, stop):
            mean_x += x[at] / (stop - end)
            mean_y += y[at] / (stop - end)
        best, largest = start, -1.0
        for at in range(start, end):
            area = abs((x[before] - mean_x) * (y[at] - y[before]) - (x[before] - x[at]) * (mean_y - y[before]))
            if area > largest:
                best, largest = at, area
        kept[run + 1] = before = best
    return kept
