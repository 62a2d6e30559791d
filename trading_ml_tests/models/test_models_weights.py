"""Class weights by hand, alone and composed with the samples' own."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from trading_ml.core.errors import BadParams
from trading_ml.models.batches import Batches
from trading_ml.models.params import TrainingParams
from trading_ml.models.source import Target, sole_target
from trading_ml.models.weights import class_weights, sample_weights
from trading_ml_tests.models.standin import Standin

RISES = Target("rises", ("rises",), ("false", "true"))
ROWS = np.arange(200)


def answers(source: Standin, rows: np.ndarray = ROWS) -> list[int]:
    return [int(source.answers[row]) for row in rows]


def test_balanced_classes_weigh_the_same_in_sum() -> None:
    source = Standin()
    counts = [answers(source).count(code) for code in (0, 1)]
    assert counts[0] != counts[1]
    found = class_weights(source, [RISES], ROWS, "balanced")["rises"]
    assert found.tolist() == pytest.approx([len(ROWS) / (2 * count) for count in counts])


def test_balance_counts_samples_by_their_own_weight() -> None:
    own = np.linspace(0.5, 2.5, len(Standin().bar), dtype=np.float32)
    source = Standin(weights=own)
    by_class = class_weights(source, [RISES], ROWS, "balanced")["rises"]
    weights = sample_weights(source, RISES, ROWS, by_class)
    assert weights is not None
    plain = [float(own[row]) * by_class[code] for row, code in zip(ROWS, answers(source), strict=True)]
    mean = sum(plain) / len(plain)
    assert weights.tolist() == pytest.approx([weight / mean for weight in plain], rel=1e-6)
    sums = [sum(w for w, code in zip(weights, answers(source), strict=True) if code == which) for which in (0, 1)]
    assert sums == pytest.approx([len(ROWS) / 2] * 2, rel=1e-5)


def test_a_class_that_does_not_occur_takes_no_share() -> None:
    source = Standin(classes=["a", "b", "c"])
    counts = [answers(source).count(code) for code in (0, 1)]
    found = class_weights(source, [sole_target(source)], ROWS, "balanced")["rises"]
    assert found.tolist() == pytest.approx([*(len(ROWS) / (2 * count) for count in counts), 1])


def test_named_weights_leave_the_others_at_one_and_reach_the_batches() -> None:
    source = Standin()
    by_class = class_weights(source, [RISES], ROWS, {"true": 3.0})
    assert by_class["rises"].tolist() == [1.0, 3.0]
    batches = Batches(source, ROWS, [RISES], 64, by_class=by_class)
    found = np.concatenate([batches[number][2] for number in range(len(batches))])
    plain = [[1.0, 3.0][code] for code in answers(source)]
    assert found.tolist() == pytest.approx([weight * len(plain) / sum(plain) for weight in plain], rel=1e-6)
    without = sample_weights(source, RISES, ROWS, class_weights(source, [RISES], ROWS, {"false": 0})["rises"])
    assert without is not None
    assert [weight > 0 for weight in without] == [code == 1 for code in answers(source)]


def test_where_all_count_alike_there_are_no_weights() -> None:
    source = Standin()
    assert sample_weights(source, RISES, ROWS, class_weights(source, [RISES], ROWS, "none").get("rises")) is None
    assert (
        sample_weights(source, RISES, ROWS, class_weights(source, [RISES], ROWS, {"true": 2.0, "false": 2.0})["rises"])
        is None
    )
    assert len(Batches(source, ROWS, [RISES], 64)[0]) == 2


@pytest.mark.parametrize(
    ("said", "meant"),
    [("balanced", "balanced"), ("none", "none"), ("null", "none"), ("{up: 2}", {"up": 2.0}),
     ("{true: 2, false: 0.5}", {"true": 2.0, "false": 0.5}), ("{1: 2}", {"1": 2.0})],
)  # fmt: skip
def test_a_project_file_says_what_it_means(said: str, meant: object) -> None:
    assert TrainingParams.parse({"class_weight": yaml.safe_load(said)}, "training").class_weight == meant


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ("balance", "training.class_weight: 'balance' is not a known value; did you mean 'balanced'?"),
        ({"up": -1}, "training.class_weight.up: is -1, not a number from 0 on"),
        ({"up": float("inf")}, "training.class_weight.up: is inf, not a number from 0 on"),
        ({"up": "much"}, "training.class_weight.up: is 'much', not a number from 0 on"),
        (3, "training.class_weight: is 3; say balanced, none, or a weight for each class"),
    ],
)
def test_what_is_no_weight_is_refused(raw: object, sentence: str) -> None:
    with pytest.raises(BadParams) as caught:
        TrainingParams.parse({"class_weight": raw}, "training")
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("classes", "wanted", "sentence"),
    [
        (["down", "up"], {"upp": 2.0}, "training.class_weight.upp: unknown class of label rises; did you mean 'up'?"),
        (["down", "up"], {"down": 0.0, "up": 0.0}, "training.class_weight: leaves no training sample that counts"),
        (None, "balanced", "training.class_weight: label rises is a number and has no classes; leave it out"),
        (None, {"up": 1.0}, "training.class_weight: label rises is a number and has no classes; leave it out"),
    ],
)
def test_weights_have_to_fit_the_label(classes: list[str] | None, wanted: object, sentence: str) -> None:
    source = Standin(classes=classes)
    with pytest.raises(BadParams, match="class_weight") as caught:
        class_weights(source, [sole_target(source)], ROWS, wanted)  # pyright: ignore[reportArgumentType]
    assert str(caught.value).startswith(sentence)
