from __future__ import annotations

import numpy as np
import pytest

from trading_ml.models import baselines
from trading_ml.models.source import Target, target, targets
from trading_ml_tests.models.standin import Mixed, Standin

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


def test_a_scale_that_instruments_do_not_share_makes_no_difference(source: Standin) -> None:
    dearer, test = Standin(bars=300), source.indices("test")
    p = baselines.fit("logistic_on_last", source, RISES)(test)
    dearer.series[1] *= 1024
    np.testing.assert_allclose(baselines.fit("logistic_on_last", dearer, RISES)(test), p, rtol=1e-3)


def test_each_instrument_has_an_intercept() -> None:
    source = Standin(bars=300)
    source.answers = (source.place == 1) ^ (np.random.default_rng(1).random(len(source.place)) < 0.1)
    test = source.indices("test")
    p = baselines.fit("logistic_on_last", source, RISES)(test)
    assert p[source.place[test] == 1].mean() == pytest.approx(source.answers[source.place == 1].mean(), abs=0.1)
    assert p[source.place[test] == 0].mean() == pytest.approx(source.answers[source.place == 0].mean(), abs=0.1)


@pytest.fixture(scope="module")
def mixed() -> Mixed:
    return Mixed(bars=300)


def test_every_baseline_answers_every_kind_it_fits_in_the_shape_of_a_model(mixed: Mixed) -> None:
    test = mixed.indices("test")
    shapes = {"rises": (len(test),), "moves": (len(test), 3), "path": (len(test), 2)}
    for label in targets(mixed):
        fitting = [name for name in baselines.BASELINES if baselines.fits(name, label.kind)]
        assert ("naive" in fitting) == (label.kind == "numeric")
        for name in fitting:
            told = baselines.fit(name, mixed, label)(test)
            assert told.shape == shapes[label.name]
            assert baselines.fit(name, mixed, label)(test[:1]).shape == (1, *shapes[label.name][1:])
            if label.name == "moves":
                np.testing.assert_allclose(told.sum(axis=1), 1)


def test_shares_of_three_classes_and_what_followed_each(mixed: Mixed) -> None:
    train, test, codes = mixed.indices("train"), mixed.indices("test"), mixed.values["moves"].tolist()
    moves = target(mixed, "moves")
    shares = [sum(codes[i] == k for i in train) / len(train) for k in range(3)]
    np.testing.assert_allclose(baselines.fit("majority", mixed, moves)(test[:1]), [shares])
    known = {index: last_known_by_loops(mixed, index) for index in (*train, *test)}
    followed = {before: [codes[i] for i in train if known[i] >= 0 and codes[known[i]] == before] for before in range(3)}
    expected = [[followed[codes[known[i]]].count(k) / len(followed[codes[known[i]]]) for k in range(3)] for i in test]
    np.testing.assert_allclose(baselines.fit("persistence", mixed, moves)(test), expected)


def test_numbers_go_on_along_a_line_through_what_followed(mixed: Mixed) -> None:
    train, test, path = mixed.indices("train"), mixed.indices("test"), target(mixed, "path")
    told = baselines.fit("persistence", mixed, path)(test)
    for column, name in enumerate(("step_1", "step_2")):
        numbers = mixed.values[name].astype(float)
        known = np.array([last_known_by_loops(mixed, index) for index in train])
        slope, level = np.polyfit(numbers[known[known >= 0]], numbers[train][known >= 0], 1)
        before = numbers[[last_known_by_loops(mixed, index) for index in test]]
        np.testing.assert_allclose(told[:, column], level + slope * before, rtol=1e-6)
    first = train[[last_known_by_loops(mixed, index) < 0 for index in train]]
    means = [mixed.values[name][train].astype(float).mean() for name in ("step_1", "step_2")]
    np.testing.assert_allclose(baselines.fit("persistence", mixed, path)(first), [means] * len(first), rtol=1e-6)
    np.testing.assert_allclose(baselines.fit("majority", mixed, path)(test[:1]), [means], rtol=1e-6)
    assert not baselines.fit("naive", mixed, path)(test).any()


def test_numbers_that_the_own_bar_tells_are_found(mixed: Mixed) -> None:
    source, test = Mixed(bars=300), mixed.indices("test")
    source.values["step_1"] = 3 * source.series[source.place, source.bar, 1] - source.place
    told = baselines.fit("logistic_on_last", source, target(source, "step_1"))(test)
    assert np.corrcoef(told, source.values["step_1"][test])[0, 1] > 0.995


def test_a_class_that_training_never_met_is_never_expected() -> None:
    source = Mixed(bars=300)
    source.values["moves"] = np.minimum(source.values["moves"], 1)
    for name in ("majority", "persistence", "logistic_on_last"):
        told = baselines.fit(name, source, target(source, "moves"))(source.indices("test"))
        assert not told[:, 2].any()
        np.testing.assert_allclose(told.sum(axis=1), 1)
