from __future__ import annotations

import numpy as np
import pytest

from trading_ml.models import baselines
from trading_ml.models.source import Target
from trading_ml_tests.models.standin import Standin

RISES = Target("rises", ("rises",), ("false", "true"))


@pytest.fixture(scope="module")
def source() -> Standin:
    return Standin(bars=300)


def last_known_by_loops(source: Standin, index: int) -> int:
    """What a person would look up: the newest sample of the same instrument whose label was known by then, or −1."""
    starts, ends = source.label_intervals(np.arange(len(source.bar)))
    known = [
        other
        for other in range(len(starts))
        if source.place[other] == source.place[index] and ends[other] <= starts[index]
    ]
    return max(known, key=lambda other: starts[other], default=-1)


def test_the_last_known_label_is_of_the_same_instrument_and_was_known(source: Standin) -> None:
    everything = np.arange(len(source.bar))
    found = baselines.last_known(source, everything)
    assert found.tolist() == [last_known_by_loops(source, index) for index in everything]
    assert (found == -1).sum() == source.horizon * len(source.instruments)


def test_a_label_that_is_not_known_yet_changes_no_earlier_answer(source: Standin) -> None:
    test = source.indices("test")
    before = baselines.fit("persistence", source, RISES)(test)
    changed = Standin(bars=300)
    moment = source.label_intervals(test)[0][20]
    changed.answers = np.where(
        source.label_intervals(np.arange(len(source.bar)))[1] > moment, ~source.answers, source.answers
    )
    same, after = source.label_intervals(test)[0] <= moment, baselines.fit("persistence", changed, RISES)(test)
    assert np.array_equal(after[same], before[same])
    assert not np.array_equal(after, before)


def test_persistence_answers_with_the_training_share_after_the_same_label(source: Standin) -> None:
    train, test = source.indices("train"), source.indices("test")
    state = lambda index: int(source.answers[known]) if (known := last_known_by_loops(source, index)) >= 0 else -1
    states = [state(index) for index in train]
    answers = source.answers[train]
    shares = {state: np.mean([a for a, s in zip(answers, states, strict=True) if s == state]) for state in (0, 1)}
    expected = [shares[state(index)] for index in test]
    np.testing.assert_allclose(baselines.fit("persistence", source, RISES)(test), expected)


def test_majority_is_a_constant(source: Standin) -> None:
    train, test = source.indices("train"), source.indices("test")
    assert set(baselines.fit("majority", source, RISES)(test)) == {source.answers[train].sum() / len(train)}


def test_the_logistic_baseline_sees_the_sample_s_own_bar_and_learns_on_training_samples_only() -> None:
    source = Standin(bars=300)
    source.answers = source.series[source.place, source.bar, 1] > 0
    test = source.indices("test")
    p = baselines.fit("logistic_on_last", source, RISES)(test)
    assert ((p > 0.5) == source.answers[test]).mean() > 0.9
    source.answers[test] = ~source.answers[test]
    assert np.array_equal(baselines.fit("logistic_on_last", source, RISES)(test), p)


def test_one_class_in_training_leaves_nothing_to_fit(source: Standin) -> None:
    source = Standin(bars=300)
    source.answers[:] = True
    assert set(baselines.fit("logistic_on_last", source, RISES)(source.indices("test"))) == {1.0}
