from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.core.errors import BadParams, NoData
from trading_ml.models.evaluate import evaluate
from trading_ml.models.objectives import Objective, precision_at_recall, recall_at_precision

PAIRS = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])), min_size=1, max_size=25)


def counted(pairs: list[tuple[bool, float]], threshold: float) -> tuple[float, float]:
    """Precision and recall when every p above the threshold is called positive, counted one by one."""
    right = sum(answer and p > threshold for answer, p in pairs)
    called, positive = sum(p > threshold for _, p in pairs), sum(answer for answer, _ in pairs)
    return (right / called if called else 0.0), right / positive


@given(PAIRS.filter(lambda pairs: any(answer for answer, _ in pairs)), st.sampled_from([0.01, 0.25, 0.5, 2 / 3, 1.0]))
@settings(max_examples=80, deadline=None)
def test_no_threshold_does_better(pairs: list[tuple[bool, float]], level: float) -> None:
    answers, p = np.array([int(a) for a, _ in pairs]), np.array([q for _, q in pairs])
    everywhere = [counted(pairs, q) for q in [-1.0, *sorted(set(p))[:-1]]]
    value, threshold = precision_at_recall(answers, p, level)
    assert value == pytest.approx(max(precision for precision, recall in everywhere if recall >= level - 1e-9))
    assert counted(pairs, threshold)[0] == pytest.approx(value)
    assert counted(pairs, threshold)[1] >= level - 1e-9
    value, threshold = recall_at_precision(answers, p, level)
    assert value == pytest.approx(max([r for precision, r in everywhere if precision >= level - 1e-9], default=0.0))
    assert counted(pairs, threshold)[1] == pytest.approx(value)


def test_of_equal_precision_the_one_that_finds_more() -> None:
    answers, p = np.array([1, 1, 1, 0]), np.array([0.9, 0.8, 0.7, 0.2])
    assert precision_at_recall(answers, p, 0.25) == (1.0, pytest.approx(0.45))


def test_neighbouring_probabilities_are_kept_apart() -> None:
    p = np.array([0.3, np.nextafter(0.3, 1)])
    precision, threshold = precision_at_recall(np.array([0, 1]), p, 0.5)
    assert (precision, (p > threshold).tolist()) == (1.0, [False, True])


@pytest.mark.parametrize("metric", ["roc_auc", "pr_auc", "log_loss", "brier", "accuracy", "ece"])
def test_metrics_are_those_of_an_evaluation(metric: str) -> None:
    rng = np.random.default_rng(3)
    answers, p = rng.integers(0, 2, 50), rng.random(50)
    asked = Objective.parse(metric)
    assert asked(answers, p) == evaluate(answers, p)[metric]
    assert asked.direction == ("minimize" if metric in ("log_loss", "brier", "ece") else "maximize")


@pytest.mark.parametrize("text", ["roc_auc", "precision_at_recall(0.25)", "rises:recall_at_precision(0.8)"])
def test_text_and_objective_are_the_same(text: str) -> None:
    assert str(Objective.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("roc_acu", "objective roc_acu: unknown metric 'roc_acu'; did you mean 'roc_auc'?"),
        ("precision_at_recall", "needs a level; write precision_at_recall(0.25)"),
        ("precision_at_recall()", "its level is ''"),
        ("precision_at_recall(25)", "its level is '25', not a share"),
        ("precision_at_recall(nan)", "not a share"),
        ("roc_auc(0.5)", "takes no level; write roc_auc"),
        ("roc auc!", "is not of the form"),
    ],
)
def test_what_is_no_objective_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadParams) as caught:
        Objective.parse(text)
    assert said in str(caught.value)


def test_what_is_undefined_is_an_error_and_no_number() -> None:
    nothing = np.zeros(4, int)
    for text in ("precision_at_recall(0.25)", "roc_auc"):
        with pytest.raises(NoData):
            Objective.parse(text)(nothing, np.full(4, 0.5))
    with pytest.raises(NoData, match="not numbers"):
        precision_at_recall(np.ones(2, int), np.array([0.1, np.nan]), 0.5)
    with pytest.raises(BadParams, match="the label is numeric"):
        Objective.parse("precision_at_recall(0.25)")(nothing, nothing.astype(float), "numeric")
