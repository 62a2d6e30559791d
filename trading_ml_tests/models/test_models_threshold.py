"""Thresholds against plain loops over all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.errors import BadParams, NoData
from trading_ml.models.threshold import ThresholdParams, best_f1, calibrate, confusion, table

SAMPLES = st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=1, max_size=40).filter(
    lambda drawn: any(answer for answer, _ in drawn)
)


def parted(drawn: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([int(answer) for answer, _ in drawn]), np.array([score / 20 for _, score in drawn])


def counted(answers: np.ndarray, p: np.ndarray, threshold: float) -> tuple[int, int, int]:
    """Right, wrong and missed, one by one."""
    pairs = list(zip(answers.tolist(), p.tolist(), strict=True))
    right = sum(answer == 1 and score > threshold for answer, score in pairs)
    wrong = sum(answer == 0 and score > threshold for answer, score in pairs)
    return right, wrong, int(answers.sum()) - right


@given(SAMPLES)
def test_the_best_f1_is_the_best_of_all_thresholds(drawn: list[tuple[bool, int]]) -> None:
    answers, p = parted(drawn)
    found, threshold = best_f1(answers, p)
    worth = []
    for tried in [-1.0, *np.unique(p).tolist()]:
        right, wrong, missed = counted(answers, p, tried)
        worth.append(2 * right / (2 * right + wrong + missed))
    right, wrong, missed = counted(answers, p, threshold)
    assert found == pytest.approx(max(worth))
    assert 2 * right / (2 * right + wrong + missed) == pytest.approx(max(worth))


@given(SAMPLES, st.sampled_from([0.1, 0.25, 0.5, 1.0]))
def test_thresholds_are_as_good_as_can_be_at_enough_of_the_other(drawn: list[tuple[bool, int]], target: float) -> None:
    answers, p = parted(drawn)
    tried = [counted(answers, p, threshold) for threshold in [-1.0, *np.unique(p).tolist()]]
    known = [(r / max(r + w, 1), r / (r + m)) for r, w, m in tried if r + w]
    right, wrong, missed = counted(
        answers, p, calibrate(answers, p, ThresholdParams(rule="precision_at_recall", target=target))
    )
    assert right / (right + missed) >= target - 1e-12
    best = max(precision for precision, recall in known if recall >= target - 1e-12)
    assert right / (right + wrong) == pytest.approx(best)
    right, wrong, missed = counted(
        answers, p, calibrate(answers, p, ThresholdParams(rule="recall_at_precision", target=target))
    )
    reached = [recall for precision, recall in known if precision >= target - 1e-12]
    assert right / (right + missed) == pytest.approx(max(reached, default=0.0))


@given(SAMPLES, st.floats(0, 1))
def test_a_row_of_the_table_is_what_one_counts(drawn: list[tuple[bool, int]], score: float) -> None:
    answers, p = parted(drawn)
    right, wrong, missed = counted(answers, p, score)
    assert confusion(answers, p, score).tolist() == [
        [int((answers == 0).sum()) - wrong, wrong], [missed, right],
    ]  # fmt: skip
    (row,) = table(answers, p, [score])
    assert row == pytest.approx(
        {
            "score": score, "support": right + wrong, "share": (right + wrong) / len(p),
            "precision": right / (right + wrong) if right + wrong else 0.0, "recall": right / (right + missed),
        }
    )  # fmt: skip


def test_the_winner_of_the_reference_is_shown_for_what_it_is() -> None:
    """Precision 1.0 at a recall of .017: a handful of lucky scores above the rest."""
    answers, p = np.repeat([1, 0], 600), np.full(1200, 0.4)
    p[:10] = 0.9
    (row,) = table(answers, p, [0.75])
    assert (row["precision"], row["support"]) == (1.0, 10)
    assert row["recall"] == pytest.approx(0.0167, abs=1e-4)


def test_one_half_asks_nothing_of_the_samples() -> None:
    assert calibrate(np.zeros(3, int), np.full(3, np.nan), ThresholdParams()) == 0.5
    with pytest.raises(NoData, match="none of the samples is positive"):
        calibrate(np.zeros(3, int), np.full(3, 0.3), ThresholdParams(rule="best_f1"))


def test_nothing_is_answered_yes_where_no_threshold_is_as_precise_as_was_asked() -> None:
    answers, p = np.array([1, 0]), np.array([0.5, 0.5])
    asked = ThresholdParams(rule="recall_at_precision", target=0.9)
    assert calibrate(answers, p, asked) == 1.0


def test_a_target_belongs_to_the_rules_that_need_one() -> None:
    with pytest.raises(BadParams, match=r"precision_at_recall needs a target, for example 0\.25"):
        ThresholdParams.parse({"rule": "precision_at_recall"}, "threshold")
    with pytest.raises(BadParams, match="best_f1 takes no target"):
        ThresholdParams.parse({"rule": "best_f1", "target": 0.2}, "threshold")
    with pytest.raises(BadParams, match="'best' is not a known value"):
        ThresholdParams.parse({"rule": "best"}, "threshold")
