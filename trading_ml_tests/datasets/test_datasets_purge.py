"""The purge against every pair of samples, and its verification against the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.datasets.purge import count_overlaps, purge

TRAIN, VALIDATION, TEST, PURGED, OUT = 0, 1, 2, 3, -1
JUDGES = {TRAIN: (VALIDATION, TEST), VALIDATION: (TEST,)}

Sample = tuple[int, int, int]  # part, start, length


@st.composite
def samples(draw: st.DrawFn) -> list[Sample]:
    # A short axis makes ties, touching ends and nesting common.
    axis = draw(st.sampled_from([6, 40, 10**12]))
    sample = st.tuples(st.sampled_from([TRAIN, VALIDATION, TEST, OUT]), st.integers(0, axis), st.integers(1, axis))
    return draw(st.lists(sample, max_size=40))


def arrays(rows: list[Sample]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = np.array([part for part, _, _ in rows], np.int8)
    starts = np.array([start for _, start, _ in rows], np.int64)
    return parts, starts, starts + np.array([length for _, _, length in rows], np.int64)


def overlap(a: Sample, b: Sample, embargo: int) -> bool:
    return a[1] < b[1] + b[2] + embargo and b[1] - embargo < a[1] + a[2]


def brute(rows: list[Sample], embargo: int) -> list[int]:
    return [
        PURGED if any(b[0] in JUDGES.get(a[0], ()) and overlap(a, b, embargo) for b in rows) else a[0] for a in rows
    ]


@given(samples(), st.integers(0, 5))
def test_purges_what_every_pair_says(rows: list[Sample], embargo: int) -> None:
    assert purge(*arrays(rows), embargo).tolist() == brute(rows, embargo)


@given(samples(), st.integers(0, 5))
def test_verification_counts_every_pair(rows: list[Sample], embargo: int) -> None:
    pairs = sum(overlap(a, b, embargo) for a in rows for b in rows if b[0] in JUDGES.get(a[0], ()))
    assert count_overlaps(*arrays(rows), embargo) == pairs


@given(samples(), st.integers(0, 5))
def test_nothing_overlaps_after_the_purge(rows: list[Sample], embargo: int) -> None:
    parts, starts, ends = arrays(rows)
    after = purge(parts, starts, ends, embargo)
    assert count_overlaps(after, starts, ends, embargo) == 0
    assert ((after == TEST) == (parts == TEST)).all()


@pytest.mark.parametrize(
    ("train", "purged"),
    [((0, 5), False), ((0, 6), True), ((5, 9), True), ((8, 9), True), ((9, 12), False), ((0, 20), True)],
)
def test_half_open_intervals(train: tuple[int, int], purged: bool) -> None:
    starts, ends = np.array([train[0], 5]), np.array([train[1], 9])
    after = purge(np.array([TRAIN, TEST], np.int8), starts, ends)
    assert after.tolist() == [PURGED if purged else TRAIN, TEST]


def test_embargo_keeps_time_free_on_either_side() -> None:
    starts = np.array([0, 7, 10, 20, 24, 25])
    parts = np.array([TRAIN, TRAIN, TEST, TRAIN, TRAIN, TRAIN], np.int8)
    after = purge(parts, starts, starts + np.array([2, 2, 10, 1, 1, 1]), embargo=5)
    assert after.tolist() == [TRAIN, PURGED, TEST, PURGED, PURGED, TRAIN]
