from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.models.evaluate import calibration, confusion, evaluate
from trading_ml.models.figures import figures

ANSWERS = np.array([0, 0, 1, 1, 1, 0])
P = np.array([0.1, 0.6, 0.6, 0.9, 0.4, 0.2])


def test_metrics_by_hand() -> None:
    found = evaluate(ANSWERS, P)
    pairs = [(p, q) for p, a in zip(P, ANSWERS, strict=True) if a for q, b in zip(P, ANSWERS, strict=True) if not b]
    assert found["roc_auc"] == pytest.approx(sum((p > q) + (p == q) / 2 for p, q in pairs) / len(pairs))
    assert found["pr_auc"] == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3 + 1 / 3 * 3 / 4)
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["brier"] == pytest.approx(sum((p - a) ** 2 for p, a in zip(P, ANSWERS, strict=True)) / 6)
    losses = [-math.log(p if a else 1 - p) for p, a in zip(P, ANSWERS, strict=True)]
    assert found["log_loss"] == pytest.approx(sum(losses) / 6)
    assert (found["samples"], found["positive_share"]) == (6, 0.5)
    assert confusion(ANSWERS, P).tolist() == [[2, 1], [1, 2]]


CODES = np.array([0, 1, 2, 2, 1, 0, 2])
SHARES = np.array(
    [[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.1, 0.2, 0.7], [0.2, 0.5, 0.3], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0, 0, 1]]
)


def test_metrics_of_three_classes_by_hand() -> None:
    found = evaluate(CODES, SHARES, "categorical")
    rows = list(zip(CODES.tolist(), SHARES.tolist(), strict=True))
    named = [max(range(3), key=lambda k: p[k]) for _, p in rows]
    assert found["samples"] == 7
    assert found["accuracy"] == pytest.approx(4 / 7)
    assert found["balanced_accuracy"] == pytest.approx((1 / 2 + 1 / 2 + 2 / 3) / 3)
    right, told, met = ([sum(fits(k, n, a) for n, a in zip(named, CODES, strict=True)) for k in range(3)] for fits in (
        lambda k, n, a: n == a == k, lambda k, n, a: n == k, lambda k, n, a: a == k,
    ))  # fmt: skip
    assert found["macro_f1"] == pytest.approx(sum(2 * right[k] / (told[k] + met[k]) for k in range(3)) / 3)
    assert found["log_loss"] == pytest.approx(sum(-math.log(p[a]) for a, p in rows) / 7)
    assert found["brier"] == pytest.approx(sum(sum((p[k] - (a == k)) ** 2 for k in range(3)) for a, p in rows) / 7)
    areas = []
    for k in range(3):
        pairs = [(p[k], q[k]) for a, p in rows if a == k for b, q in rows if b != k]
        areas.append(sum((p > q) + (p == q) / 2 for p, q in pairs) / len(pairs))
    assert found["roc_auc"] == pytest.approx(sum(areas) / 3)
    assert confusion(CODES, SHARES).tolist() == [[1, 0, 1], [1, 1, 0], [0, 1, 2]]
    tops = calibration(np.array(named) == CODES, SHARES.max(axis=1))
    assert found["ece"] == tops.error > 0


def test_a_class_that_never_happened_leaves_the_ranking_undefined() -> None:
    found = evaluate(np.array([0, 1, 1]), np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]]), "categorical")
    assert "roc_auc" not in found
    assert found["balanced_accuracy"] == pytest.approx((1 + 1 / 2) / 2)
    assert found["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)


def correlation(x: list[float], y: list[float]) -> float:
    """As it is defined."""
    mx, my = sum(x) / len(x), sum(y) / len(y)
    both = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    return both / math.sqrt(sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y))


def ranks(values: list[float]) -> list[float]:
    """Of equal values the mean rank."""
    return [sum(v < each for v in values) + (sum(v == each for v in values) + 1) / 2 for each in values]


def test_metrics_of_numbers_by_hand() -> None:
    y, told = [1.0, -2.0, 0.0, 3.0, -1.0], [0.5, -1.0, 1.0, 2.0, 1.0]
    found = evaluate(np.array(y), np.array(told), "numeric")
    errors = [a - b for a, b in zip(y, told, strict=True)]
    assert found["mae"] == pytest.approx(sum(map(abs, errors)) / 5)
    assert found["rmse"] == pytest.approx(math.sqrt(sum(e * e for e in errors) / 5))
    assert found["r2"] == pytest.approx(1 - sum(e * e for e in errors) / sum((a - 0.2) ** 2 for a in y))
    assert found["correlation"] == pytest.approx(correlation(y, told))
    assert found["rank_correlation"] == pytest.approx(correlation(ranks(y), ranks(told)))
    assert found["direction_accuracy"] == 3 / 4, "the tie is no answer"
    assert set(found) == {"samples", "mae", "rmse", "r2", "correlation", "rank_correlation", "direction_accuracy"}


def test_of_several_columns_each_metric_is_the_mean() -> None:
    rng = np.random.default_rng(4)
    y, told = rng.normal(size=(30, 3)), rng.normal(size=(30, 3))
    found, each = evaluate(y, told, "numeric"), [evaluate(y[:, c], told[:, c], "numeric") for c in range(3)]
    for name in each[0]:
        assert found[name] == pytest.approx(sum(column[name] for column in each) / 3)
    assert (found["rmse_first"], found["mae_last"]) == (each[0]["rmse"], each[2]["mae"])


def test_of_numbers_what_is_undefined_is_absent() -> None:
    told = evaluate(np.array([1.0, 2.0]), np.zeros(2), "numeric")
    assert set(told) == {"samples", "mae", "rmse", "r2"}
    assert set(evaluate(np.ones(3), np.ones(3), "numeric")) == {"samples", "mae", "rmse"}
    assert set(evaluate(np.ones(2), np.array([1.0, np.inf]), "numeric")) == {"samples"}


def test_what_is_undefined_is_absent() -> None:
    found = evaluate(np.zeros(5, int), np.full(5, 0.2))
    assert {"roc_auc", "pr_auc"}.isdisjoint(found)
    assert (found["precision"], found["recall"]) == (0, 0)
    assert all(map(math.isfinite, found.values()))


def test_equal_probabilities_share_a_bin() -> None:
    bins = calibration(np.array([0, 1, 1, 0]), np.full(4, 0.3))
    assert (bins.promised.tolist(), bins.observed.tolist(), bins.samples.tolist()) == ([0.3], [0.5], [4])
    assert bins.error == pytest.approx(0.2)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_bins_hold_every_sample_once(pairs: list[tuple[bool, float]]) -> None:
    answers, p = np.array([int(a) for a, _ in pairs]), np.array([q for _, q in pairs])
    bins = calibration(answers, p)
    assert bins.samples.sum() == len(pairs)
    assert bins.promised @ bins.samples == pytest.approx(p.sum())
    assert bins.observed @ bins.samples == pytest.approx(answers.sum())
    assert 0 <= bins.error <= 1


def test_the_figures_follow_the_kind_of_label(tmp_path) -> None:
    drawn = figures(CODES, {"model": SHARES, "majority": np.full((7, 3), 1 / 3)}, "categorical", ("down", "flat", "up"))
    assert set(drawn) == {"calibration", "confusion"}
    assert [text.get_text() for text in drawn["confusion"].axes[0].get_xticklabels()] == ["down", "flat", "up"]
    assert len(drawn["confusion"].axes[0].texts) == 9
    y = np.random.default_rng(1).normal(size=(50, 4))
    paths = figures(y, {"model": y / 2, "naive": np.zeros((50, 4))}, "numeric", ())
    assert set(paths) == {"predicted", "columns"}
    lines = {line.get_label(): line.get_ydata() for line in paths["columns"].axes[0].get_lines()}
    np.testing.assert_allclose(lines["naive"], [math.sqrt(sum(v * v for v in column) / 50) for column in y.T])
    assert set(figures(y[:, 0], {"model": y[:, 1]}, "numeric", ())) == {"predicted"}
    for name, figure in {**drawn, **paths}.items():
        figure.savefig(tmp_path / f"{name}.png")


def test_every_figure_can_be_drawn_without_a_display(tmp_path) -> None:
    drawn = figures(ANSWERS, {"model": P, "majority": np.full(6, 0.5)}, "binary", ("calm", "wild"))
    assert set(drawn) == {"roc", "precision_recall", "calibration", "confusion"}
    for name, figure in drawn.items():
        figure.savefig(tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 5000
    labels = [text.get_text() for text in drawn["roc"].axes[0].get_legend().get_texts()]
    assert labels == ["model, area 0.833", "majority, area 0.500"]
