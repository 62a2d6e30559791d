"""What coins come to: those that are thrown anew, those that are persistent, and the best of many."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from trading_ml.registry.luck import coin


def thrown(rng: np.random.Generator, models: int, samples: int, each: int = 1) -> np.ndarray:
    """Coins that say the same for `each` samples."""
    flips = rng.choice(np.array([-1, 1], np.int8), (models, samples // each))
    return np.repeat(flips, each, axis=1)


def test_the_interval_of_a_coin_thrown_anew_is_the_binomials() -> None:
    found = coin(thrown(np.random.default_rng(1), 4, 2000), 1)
    exact = [binom.ppf(q, 2000, 0.5) / 2000 for q in (0.025, 0.975)]
    assert found.binomial == pytest.approx(exact, abs=0.001)
    assert found.persistent == pytest.approx(found.binomial, abs=0.003)


def test_a_persistent_coin_has_a_wider_interval() -> None:
    """Of coins that last 20 samples there are a twentieth: the interval is √20 times as wide."""
    found = coin(thrown(np.random.default_rng(2), 9, 8000, 20), 160)
    assert (found.persistent[1] - 0.5) / (found.binomial[1] - 0.5) == pytest.approx(20**0.5, rel=0.2)
    assert found.expected == 9 * 0.025


def test_coins_lie_above_their_interval_as_often_as_expected_and_the_best_is_no_wonder() -> None:
    above, wonders, rng = 0, 0, np.random.default_rng(3)
    for _ in range(40):
        found = coin(thrown(rng, 10, 400, 4), 16)
        above += found.above + found.below
        wonders += found.best_by_luck <= 0.05
    assert 5 <= above <= 45  # of 400, of which 20 are expected
    assert wonders <= 6  # of 40, of which 2 are expected


def test_who_knows_stands_out() -> None:
    outcomes = thrown(np.random.default_rng(4), 10, 1000)
    outcomes[3, ::3] = 1
    found = coin(outcomes, 1)
    assert found.best == (outcomes[3] == 1).mean()
    assert found.best_by_luck == 0.001
    assert (found.models, found.above >= 1) == (10, True)
    assert len(found.errors) == 10


def test_models_that_are_one_and_the_same_have_no_more_chances_than_one() -> None:
    one = thrown(np.random.default_rng(5), 1, 500)
    assert coin(np.repeat(one, 30, axis=0), 1).best_by_luck == coin(one, 1).best_by_luck


def test_samples_without_a_direction_do_not_count() -> None:
    outcomes = np.array([[1, -1, 0, 1] * 50, [0] * 200], np.int8)
    found = coin(outcomes, 4)
    assert found.best == pytest.approx(2 / 3)
    assert found.errors[1] < 1e-6
