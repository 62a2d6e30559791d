"""The numeric core of every bar: where ranges of ticks begin and end, and what is summed up over each.

Kernels take plain arrays in tick order and add in tick order, so a plain Python loop gives the same bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trading_ml.core.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SUMMARY = ("open", "high", "low", "close", "trades", "volume", "mean_size", "max_size", "vwap")
"""Columns of `summarise`; the first eight are those of `Ticks.get_bars`."""


@compiled
def summarise(price: Floats, size: Floats, starts: Ints, ends: Ints) -> Floats:
    """One row of `SUMMARY` for each range [`starts[i]`, `ends[i]`) of ticks; no range may be empty.

    `volume` = Σ size, `mean_size` = volume / trades, `vwap` = Σ price·size / volume. Where nothing in a range has
    a size all weights are equal, and `vwap` is the plain mean price.

    Example:
        >>> summarise(np.array([10.0, 11.0]), np.array([1.0, 3.0]), np.array([0]), np.array([2])).tolist()
        [[10.0, 11.0, 10.0, 11.0, 2.0, 4.0, 2.0, 3.0, 10.75]]
    """
    rows = np.empty((len(starts), 9))
    for bar in range(len(starts)):
        first, end = starts[bar], ends[bar]
        high = low = price[first]
        volume = turnover = total = 0.0
        largest = size[first]
        for tick in range(first, end):
            high = max(high, price[tick])
            low = min(low, price[tick])
            largest = max(largest, size[tick])
            volume += size[tick]
            turnover += price[tick] * size[tick]
            total += price[tick]
        trades = end - first
        rows[bar, 0], rows[bar, 1], rows[bar, 2], rows[bar, 3] = price[first], high, low, price[end - 1]
        rows[bar, 4], rows[bar, 5], rows[bar, 6], rows[bar, 7] = trades, volume, volume / trades, largest
        rows[bar, 8] = turnover / volume if volume != 0.0 else total / trades
    return rows


@compiled
def interval_starts(ts: Ints, anchor: int, every: int) -> Ints:
    """Positions in ascending `ts` where another interval [`anchor` + k·`every`, `anchor` + (k+1)·`every`) begins.

    Only intervals that hold a stamp have a start; a stamp on an edge belongs to the interval that opens there.

    Example:
        >>> interval_starts(np.array([0, 9, 10, 35]), 0, 10).tolist()
        [0, 2, 3]
    """
    starts = np.empty(len(ts), np.int64)
    count, edge = 0, np.int64(-(2**63))
    for tick in range(len(ts)):
        if ts[tick] >= edge:
            edge = anchor + ((ts[tick] - anchor) // every + 1) * every
            starts[count] = tick
            count += 1
    return starts[:count].copy()


@compiled
def extend(
    ts: Ints, price: Floats, size: Floats, usable: Bools, anchor: int, every: int,
    opens: Ints, rows: Floats, sums: Floats, bars: int,
) -> int:  # fmt: skip
    """Carry the bars of intervals on with more ticks, so that a day can be given in pieces and copied nowhere.

    The same intervals as `interval_starts`, and the same bits as `summarise` over the usable ticks.

    Args:
        ts: Stamps of the next ticks, ascending.
        price: Their prices.
        size: Their sizes.
        usable: Which of them enter a bar; an interval without such ticks has none.
        anchor: Where an interval begins.
        every: Length of an interval.
        opens: Open of each bar; room for as many as there are ticks.
        rows: `SUMMARY` of each bar.
        sums: Σ price·size and Σ price of the last bar.
        bars: How many there are already.

    Returns:
        How many there are now.
    """
    tick, count = 0, len(ts)
    while True:
        while tick < count and not usable[tick]:
            tick += 1
        if tick == count:
            return bars
        if bars == 0 or ts[tick] >= opens[bars - 1] + every:
            opens[bars] = anchor + (ts[tick] - anchor) // every * every
            rows[bars, :4], rows[bars, 4:], rows[bars, 7], sums[:] = price[tick], 0.0, size[tick], 0.0
            bars += 1
        row, edge = rows[bars - 1], opens[bars - 1] + every
        high, low, close, trades, volume, largest = row[1], row[2], row[3], row[4], row[5], row[7]
        turnover, total = sums
        while tick < count and ts[tick] < edge:
            if usable[tick]:
                close = price[tick]
                high = max(high, close)
                low = min(low, close)
                largest = max(largest, size[tick])
                trades += 1
                volume += size[tick]
                turnover += close * size[tick]
                total += close
            tick += 1
        row[1], row[2], row[3], row[4], row[5], row[6], row[7] = (
            high,
            low,
            close,
            trades,
            volume,
            volume / trades,
            largest,
        )
        row[8] = turnover / volume if volume != 0.0 else total / trades
        sums[0], sums[1] = turnover, total


@compiled
def threshold_ends(weight: Floats, threshold: float) -> Ints:
    """Ends (exclusive) of consecutive ranges, each closed by the tick with which its Σ weight reaches `threshold`.

    What exceeds the threshold is not carried into the next range; ticks after the last end have not reached it.

    Example:
        >>> threshold_ends(np.array([1.0, 2.0, 5.0, 1.0]), 3.0).tolist()
        [2, 3]
    """
    ends = np.empty(len(weight), np.int64)
    count, reached = 0, 0.0
    for tick in range(len(weight)):
        reached += weight[tick]
        if reached >= threshold:
            ends[count] = tick + 1
            count += 1
            reached = 0.0
    return ends[:count].copy()
