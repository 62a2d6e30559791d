"""What the checks measure, against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trading_ml.datasets.audit.drift import Distance, ks, psi
from trading_ml.datasets.audit.duplicates import rolling
from trading_ml.datasets.audit.leak import scores
from trading_ml.datasets.audit.view import spread

SMALL = st.integers(-4, 4).map(float)


@given(st.lists(SMALL, min_size=2, max_size=30), st.data())
def test_auc_is_the_share_of_pairs_in_order(values: list[float], data: st.DataObject) -> None:
    answers = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    true = [v for v, a in zip(values, answers, strict=True) if a]
    false = [v for v, a in zip(values, answers, strict=True) if not a]
    wins = [(t > f) + (t == f) / 2 for t in true for f in false]
    auc = sum(wins) / len(wins) if wins else 0.5
    ranks = np.array([[sum(o < v for o in values) + (sum(o == v for o in values) + 1) / 2] for v in values])
    found = scores(ranks, np.array([answers, answers], float).T, is_number=False)
    assert found[0] == pytest.approx(2 * [max(auc, 1 - auc)])


@given(st.lists(st.tuples(SMALL, SMALL), min_size=3, max_size=20))
def test_rank_correlation_is_that_of_the_ranks(pairs: list[tuple[float, float]]) -> None:
    rank = lambda values: [sum(o < v for o in values) + (sum(o == v for o in values) + 1) / 2 for v in values]
    one, two = (rank(values) for values in zip(*pairs, strict=True))
    middle = (len(pairs) + 1) / 2
    along = sum((a - middle) * (b - middle) for a, b in zip(one, two, strict=True))
    apart = math.sqrt(sum((a - middle) ** 2 for a in one) * sum((b - middle) ** 2 for b in two))
    found = scores(np.array([one]).T, np.array([[b for _, b in pairs]]).T, is_number=True)
    assert found[0, 0] == pytest.approx(abs(along / apart) if apart else 0)


@given(st.lists(SMALL, min_size=1, max_size=40), st.lists(SMALL, min_size=1, max_size=40))
def test_ks_is_the_largest_distance_of_shares(one: list[float], two: list[float]) -> None:
    below = lambda values, at: sum(v <= at for v in values) / len(values)
    expected = max(abs(below(one, at) - below(two, at)) for at in [*one, *two])
    assert ks(np.array(one), np.array(two)) == pytest.approx(expected)


@given(st.lists(SMALL, min_size=1, max_size=60))
def test_psi_by_hand(other: list[float]) -> None:
    base = [(n * 37 % 97) / 10 - 4 for n in range(97)]  # 97 values, each once
    edges = [sorted(base)[math.ceil(9.7 * tenth) - 1] for tenth in range(1, 10)]
    shares = []
    for values in (base, other):
        counts = [0.5] * 10
        for value in values:
            counts[sum(edge < value for edge in edges)] += 1
        shares.append([count / sum(counts) for count in counts])
    expected = sum((b - a) * math.log(b / a) for a, b in zip(*shares, strict=True))
    assert psi(np.array(base), np.array(other)) == pytest.approx(expected)
    assert psi(np.array(base), np.array(base)) == 0


def test_psi_of_a_column_of_two_values() -> None:
    base, other = np.array([0.0] * 80 + [1.0] * 20), np.array([0.0] * 20 + [1.0] * 80)
    p, q = [80.5 / 101.5, 20.5 / 101.5, 0.5 / 101.5], [20.5 / 101.5, 80.5 / 101.5, 0.5 / 101.5]  # and none above 1
    assert psi(base, other) == pytest.approx(sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True)))


def test_a_step_is_told_in_steps_of_training() -> None:
    train = np.repeat([1.0, 2.0, 1.0, 3.0, 2.0], 20)
    assert Distance.of(train, np.full(20, 12.0)).step == pytest.approx(10 / 2)
    assert Distance.of(np.ones(100), np.full(20, 2.0)).step == 0  # training never stepped: nothing to compare with


@given(arrays(np.uint64, st.integers(1, 40), elements=st.integers(0, 2)), st.integers(1, 6))
def test_runs_are_equal_where_their_hashes_are(codes: np.ndarray, length: int) -> None:
    found = rolling(codes, min(length, len(codes))).tolist()
    runs = [tuple(codes[n : n + min(length, len(codes))].tolist()) for n in range(len(found))]
    assert len(found) == len(codes) - min(length, len(codes)) + 1
    for one, run in zip(found, runs, strict=True):
        for two, other in zip(found, runs, strict=True):
            assert (one == two) == (run == other)


@given(st.integers(1, 50), st.integers(1, 60))
def test_samples_are_spread_over_all(count: int, most: int) -> None:
    chosen = spread(np.arange(count), most)
    assert len(set(chosen.tolist())) == min(count, most)
    assert chosen[0] == 0
