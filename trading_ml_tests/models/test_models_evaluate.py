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


def test_every_figure_can_be_drawn_without_a_display(tmp_path) -> None:
    drawn = figures(ANSWERS, {"model": P, "majority": np.full(6, 0.5)}, "binary", ("calm", "wild"))
    assert set(drawn) == {"roc", "precision_recall", "calibration", "confusion"}
    for name, figure in drawn.items():
        figure.savefig(tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 5000
    labels = [text.get_text() for text in drawn["roc"].axes[0].get_legend().get_texts()]
    assert labels == ["model, area 0.833", "majority, area 0.500"]
