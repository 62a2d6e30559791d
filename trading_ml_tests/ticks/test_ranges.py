"""Kernels over ranges of ticks against plain Python loops, bit for bit."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.ticks.ranges import SUMMARY, extend, interval_starts, summarise, threshold_ends

PRICES = st.floats(-1e7, 1e7)
SIZES = st.one_of(st.just(0.0), st.floats(1e-8, 1e9))
TICKS = st.lists(st.tuples(PRICES, SIZES), min_size=1, max_size=60)


def looped(ticks: list[tuple[float, float]]) -> list[float]:
    """One row of `SUMMARY`, said in the plainest way."""
    volume = turnover = 0.0
    for price, size in ticks:
        volume += size
        turnover += price * size
    prices, sizes = [price for price, _ in ticks], [size for _, size in ticks]
    total = 0.0
    for price in prices:
        total += price
    vwap = turnover / volume if volume else total / len(prices)
    return [
        prices[0], max(prices), min(prices), prices[-1],
        float(len(ticks)), volume, volume / len(ticks), max(sizes), vwap,
    ]  # fmt: skip


def same_bits(ours: Any, theirs: Any) -> bool:
    """Equal bit for bit, but for the sign of zero."""
    return (np.asarray(ours, float) + 0.0).tobytes() == (np.asarray(theirs, float) + 0.0).tobytes()


@given(TICKS, st.data())
def test_summaries_equal_a_plain_loop_bit_for_bit(ticks: list[tuple[float, float]], data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(1, len(ticks) - 1)) if len(ticks) > 1 else st.just(set()))
    starts = [0, *sorted(cuts)]
    ends = [*starts[1:], len(ticks)]
    price, size = np.array(ticks).T.copy()
    expected = [looped(ticks[start:end]) for start, end in zip(starts, ends, strict=True)]
    assert same_bits(summarise(price, size, np.array(starts), np.array(ends)), expected)


@given(TICKS, st.integers(-10, 10), st.integers(1, 30), st.data())
def test_bars_carried_on_piece_by_piece_are_those_of_the_usable_ticks(
    ticks: list[tuple[float, float]], anchor: int, every: int, data: st.DataObject
) -> None:
    count = len(ticks)
    ts = np.array(sorted(data.draw(st.lists(st.integers(-50, 200), min_size=count, max_size=count))))
    usable = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    cuts = [0, *sorted(data.draw(st.sets(st.integers(0, count)))), count]
    price, size = np.array(ticks).T.copy()
    opens, rows, sums, bars = np.empty(count, np.int64), np.empty((count, 9)), np.empty(2), 0
    for start, end in pairwise(cuts):
        at = slice(start, end)
        bars = extend(ts[at], price[at], size[at], usable[at], anchor, every, opens, rows, sums, bars)
    number = (ts[usable] - anchor) // every
    kept = [tick for tick, good in zip(ticks, usable, strict=True) if good]
    alike = [[tick for tick, at in zip(kept, number, strict=True) if at == wanted] for wanted in sorted(set(number))]
    assert opens[:bars].tolist() == [anchor + at * every for at in sorted(set(number))]
    assert same_bits(rows[:bars], np.array([looped(each) for each in alike]).reshape(-1, 9))


def test_the_plain_function_behind_a_kernel_agrees_with_it() -> None:
    price, size = np.array([1.1, 2.2, 0.7, 0.7]), np.array([3.0, 0.1, 0.0, 0.0])
    starts, ends = np.array([0, 2]), np.array([2, 4])
    plain: Any = summarise.__wrapped__  # pyright: ignore[reportFunctionMemberAccess]
    rows = summarise(price, size, starts, ends)
    assert same_bits(rows, plain(price, size, starts, ends))
    assert dict(zip(SUMMARY, rows[1].tolist(), strict=True))["vwap"] == (0.7 + 0.7) / 2


def test_no_ranges_give_no_rows() -> None:
    none = np.array([], dtype=np.int64)
    assert summarise(np.array([]), np.array([]), none, none).shape == (0, 9)
    assert interval_starts(none, 0, 10).tolist() == []
    assert threshold_ends(np.array([]), 1.0).tolist() == []


@given(st.lists(st.integers(-50, 200)), st.integers(-10, 10), st.integers(1, 30))
def test_intervals_start_where_the_interval_number_changes(stamps: list[int], anchor: int, every: int) -> None:
    stamps.sort()
    numbers = [math.floor((ts - anchor) / every) for ts in stamps]
    expected = [i for i, number in enumerate(numbers) if i == 0 or number != numbers[i - 1]]
    assert interval_starts(np.array(stamps, np.int64), anchor, every).tolist() == expected
    plain: Any = interval_starts.__wrapped__  # pyright: ignore[reportFunctionMemberAccess]
    assert plain(np.array(stamps, np.int64), anchor, every).tolist() == expected


@given(st.lists(st.floats(0, 10)), st.floats(0.1, 20))
def test_a_range_ends_with_the_tick_that_reaches_the_threshold(weights: list[float], threshold: float) -> None:
    expected, reached = [], 0.0
    for i, weight in enumerate(weights):
        reached += weight
        if reached >= threshold:
            expected.append(i + 1)
            reached = 0.0
    assert threshold_ends(np.array(weights, float), threshold).tolist() == expected
    plain: Any = threshold_ends.__wrapped__  # pyright: ignore[reportFunctionMemberAccess]
    assert plain(np.array(weights, float), threshold).tolist() == expected
