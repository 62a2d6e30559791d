from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics  # noqa: TID253

from trading_ml.models.source import Kind
from trading_ml.registry import bootstrap

RNG = np.random.default_rng(3)
ANSWERS = (RNG.random(200) < 0.4).astype(float)
P = np.round(RNG.random(200), 1)  # many ties
CODES = RNG.integers(0, 3, 200).astype(float)
SHARES = RNG.dirichlet([1, 1, 1], 200)
NUMBERS = RNG.normal(size=(200, 2))
TOLD = NUMBERS * [0.5, 0.1] + RNG.normal(size=(200, 2))
REFERENCES = {
    ("binary", "roc_auc"): lambda w: metrics.roc_auc_score(ANSWERS, P, sample_weight=w),
    ("binary", "pr_auc"): lambda w: metrics.average_precision_score(ANSWERS, P, sample_weight=w),
    ("binary", "accuracy"): lambda w: metrics.accuracy_score(ANSWERS, P > 0.5, sample_weight=w),
    ("binary", "log_loss"): lambda w: metrics.log_loss(ANSWERS, P, sample_weight=w),
    ("binary", "brier"): lambda w: metrics.brier_score_loss(ANSWERS, P, sample_weight=w),
    ("categorical", "log_loss"): lambda w: metrics.log_loss(CODES, SHARES, sample_weight=w),
    ("categorical", "brier"): lambda w: metrics.brier_score_loss(CODES, SHARES, sample_weight=w, scale_by_half=False),
    ("categorical", "accuracy"): lambda w: metrics.accuracy_score(CODES, SHARES.argmax(1), sample_weight=w),
    ("categorical", "balanced_accuracy"): lambda w: metrics.balanced_accuracy_score(
        CODES, SHARES.argmax(1), sample_weight=w
    ),
    ("numeric", "rmse"): lambda w: metrics.root_mean_squared_error(NUMBERS, TOLD, sample_weight=w),
    ("numeric", "mae"): lambda w: metrics.mean_absolute_error(NUMBERS, TOLD, sample_weight=w),
}
ASKED = {"binary": (ANSWERS, P), "categorical": (CODES, SHARES), "numeric": (NUMBERS, TOLD)}


@pytest.mark.parametrize(("kind", "name"), REFERENCES)
def test_a_weighted_metric_equals_scikit_learns(kind: Kind, name: str) -> None:
    weights = next(bootstrap.resamples(200, 7, 20, seed=1))
    expected = [REFERENCES[kind, name](row) for row in weights]
    np.testing.assert_allclose(bootstrap.METRICS[kind][name](*ASKED[kind], weights), expected, rtol=1e-9)


def test_every_metric_that_can_be_resampled_is_tested() -> None:
    assert {(kind, name) for kind, names in bootstrap.METRICS.items() for name in names} == set(REFERENCES)


def test_the_error_of_numbers_in_one_column_is_that_of_the_column() -> None:
    weights = next(bootstrap.resamples(200, 7, 20, seed=1))
    for name in ("rmse", "mae"):
        one, both = (bootstrap.METRICS["numeric"][name](NUMBERS[:, at], TOLD[:, at], weights) for at in (0, [0]))
        np.testing.assert_allclose(one, both, rtol=1e-12)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_a_resample_is_made_of_whole_blocks(samples: int, length: int, seed: int) -> None:
    length = min(length, samples)
    drawn = np.concatenate(list(bootstrap.resamples(samples, length, 9, seed)))
    blocks = -(-samples // length)
    assert drawn.shape == (9, samples)
    assert (drawn.sum(axis=1) == blocks * length).all()
    rng = np.random.default_rng(seed)
    for row, starts in zip(drawn, rng.integers(0, samples, (9, blocks)), strict=True):
        counted = [0] * samples
        for start in starts:
            for step in range(length):
                counted[(start + step) % samples] += 1
        assert row.tolist() == counted


def test_resamples_come_in_chunks_but_do_not_depend_on_them(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(bootstrap.resamples(50, 5, 10, seed=2)))
    monkeypatch.setattr(bootstrap, "_CHUNK", 100)
    assert np.array_equal(np.concatenate(list(bootstrap.resamples(50, 5, 10, seed=2))), whole)


def test_overlap_counts_samples_within_one_label() -> None:
    starts = np.array([0, 0, 1, 5, 6, 20])
    ends = starts + 3
    expected = max(sum(1 for j in range(i, 6) if starts[j] < ends[i]) for i in range(6))
    assert bootstrap.overlap(starts, ends) == expected == 3


@pytest.mark.parametrize(
    ("samples", "most", "expected"), [(1000, 25, 75), (1000, 1, 40), (1000, 60, 100), (1000, 300, 300)]
)
def test_blocks_are_three_overlaps_or_a_twenty_fifth_and_ten_where_that_can_be(
    samples: int, most: int, expected: int
) -> None:
    starts = np.arange(samples)
    assert bootstrap.block_length(starts, starts + most) == expected


def spread(values: np.ndarray, length: int) -> float:
    drawn = np.concatenate(list(bootstrap.resamples(len(values), length, 1000, seed=5)))
    return float((drawn @ values / drawn.sum(axis=1)).std())


def test_the_standard_error_is_the_analytic_one() -> None:
    values = RNG.normal(size=4000)
    assert spread(values, 1) == pytest.approx(values.std() / np.sqrt(4000), rel=0.08)
    overlapping = np.convolve(RNG.normal(size=4004), np.ones(5), "valid")  # each shares 4 of 5 terms with the next
    honest = 5 / np.sqrt(4000)
    assert spread(overlapping, 16) == pytest.approx(honest, rel=0.15)
    assert spread(overlapping, 1) < 0.6 * honest
