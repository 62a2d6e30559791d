from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.core.errors import BadParams
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.tuning.params import TuningParams
from trading_ml.models.tuning.sampling import ask
from trading_ml.models.tuning.space import Space

RATE = {"low": 1e-5, "high": 1, "log": True}
REFERENCE = {
    "model.l1": {"low": 1e-7, "high": 1, "log": True},
    "model.l2": {"low": 1e-7, "high": 1, "log": True},
    "training.learning_rate": RATE,
    "training.class_weight.true": {"low": 1e-5, "high": 1e4, "log": True},
    "training.batch_size": {"low": 100, "high": 1000, "log": True},
    "model.use_bias": [True, False],
}


def space(over: dict[str, Any], model: dict[str, Any] | None = None, **tuning: Any) -> Space:
    params = TuningParams.parse({"over": over, **tuning}, "tuning")
    return Space(params, resolve(model or {"family": "linear"}), TrainingParams())  # pyright: ignore[reportArgumentType]


@given(st.integers(0, 2**32 - 1), st.sampled_from(["tpe", "random"]))
@settings(max_examples=25, deadline=None)
def test_whatever_is_asked_lies_in_the_ranges_and_can_be_trained(seed: int, sampler: str) -> None:
    searched = space(REFERENCE, seed=seed, sampler=sampler)
    for values in ask(searched, [], [0, 1]):
        assert list(values) == list(REFERENCE)
        model, training = searched.params(values)
        assert 1e-7 <= model.l1 <= 1  # pyright: ignore[reportAttributeAccessIssue]
        assert 1e-5 <= training.learning_rate <= 1
        assert isinstance(training.batch_size, int)
        assert 100 <= training.batch_size <= 1000
        assert training.class_weight == {"true": values["training.class_weight.true"]}


def test_numbers_are_whole_where_the_parameter_is() -> None:
    over = {"training.batch_size": {"low": 10, "high": 50, "step": 20}, "model.l1": {"low": 0, "high": 1, "step": 1}}
    points = list(space(over, sampler="grid").points())
    assert points == [{"training.batch_size": size, "model.l1": l1} for size in (10, 30, 50) for l1 in (0.0, 1.0)]
    assert all(isinstance(point["training.batch_size"], int) for point in points)
    assert all(isinstance(point["model.l1"], float) for point in points)


def test_a_condition_leaves_out_what_does_not_apply() -> None:
    over = {
        "model.family": ["linear", "dense"],
        "model.units": {"choices": [[64], [128, 64]], "when": {"model.family": "dense"}},
        "model.dropout": {
            "low": 0.1,
            "high": 0.2,
            "step": 0.1,
            "when": {"model.family": "dense", "model.units": [[64]]},
        },
    }
    searched = space(over, {"family": "dense", "units": [8], "activation": "gelu"}, sampler="grid")
    found = [searched.params(point)[0] for point in searched.points()]
    told = [tuple(getattr(each, key, None) for key in ("family", "units", "dropout")) for each in found]
    assert told == [
        ("linear", None, None), ("dense", (64,), 0.1), ("dense", (64,), 0.2), ("dense", (128, 64), 0.0),
    ]  # fmt: skip
    assert found[1].activation == "gelu"  # pyright: ignore[reportAttributeAccessIssue]  as the file says
    assert len(searched.check()) == 6
    for values in ask(space(over, {"family": "dense"}, sampler="random"), [], range(20)):
        assert ("model.units" in values) == (values["model.family"] == "dense")


def test_a_grid_is_walked_once_in_an_order_of_its_seed() -> None:
    over = {"model.use_bias": [True, False], "training.epochs": {"low": 1, "high": 7, "step": 1}}
    one, other = (ask(space(over, sampler="grid", seed=seed), [], range(99)) for seed in (1, 2))
    assert one != other
    assert sorted(map(str, one)) == sorted(map(str, other)) == sorted(map(str, space(over).points()))
    assert ask(space(over, sampler="grid", seed=1), [], range(4, 7)) == one[4:7]


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"training.learning_rat": RATE}, "over.training.learning_rat: unknown key; did you mean 'learning_rate'?"),
        ({"model.l3": RATE}, "tuning.over.model.l3: unknown key; did you mean 'l"),
        ({"trainng.epochs": RATE}, "is neither model.… nor training.… (given: 1e-05); did you mean 'training'?"),
        ({"training.learning_rate": {"low": 0, "high": 1}}, "tuning.over.training.learning_rate: input should be gr"),
        ({"training.batch_size": {"low": 100.5, "high": 900}}, "tuning.over.training.batch_size: input should be a "),
        ({"training.optimizer": ["adam", "adan"]}, "'adan' is not a known value; did you mean 'adam'?"),
        ({"model.use_bias": [True, 7]}, "tuning.over.model.use_bias: input should be a valid boolean"),
        ({"model.family": ["linear", "lin"]}, "'lin' is not a family"),
        ({"model.family": ["linear", "dense"], "model.units": [[8]]}, "unknown key of family linear; add when: {mod"),
        ({"model.l1": RATE | {"when": {"model.l2": 0}}, "model.l2": RATE}, "model.l2 does not stand above it"),
        ({"model.l1": RATE | {"when": {"modl.l2": 0}}, "model.l2": RATE}, "over.model.l1.when: unknown key modl.l2"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_said_in_a_line(over: dict[str, Any], said: str) -> None:
    with pytest.raises(BadParams) as caught:
        space(over).check()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"over": {"model.l1": {"low": 1, "high": 1}}}, "low 1 is not below high 1"),
        ({"over": {"model.l1": {"low": 0, "high": 1, "log": True}}}, "low 0 has no logarithm"),
        ({"over": {"model.l1": {"low": 1, "high": 2, "log": True, "step": 1}}}, "either log or step"),
        ({"over": {"model.l1": {"lo": 1, "high": 2}}}, "lo"),
        ({"over": {"model.l1": 3}}, "tuning.over.model.l1"),
        ({"over": {"model.use_bias": []}}, "choices"),
        ({"over": {}}, "tuning.over"),
        ({"over": {"model.l1": RATE}, "objective": "roc_acu"}, "did you mean 'roc_auc'?"),
        ({"over": {"model.l1": RATE}, "objective": ["roc_auc", "brier"], "pruner": "median"}, "cannot be pruned"),
        ({"over": {"model.l1": RATE}, "sampler": "grid"}, "a grid needs values of model.l1"),
        ({"over": {"model.l1": RATE}, "sampler": "bayes"}, "'bayes' is not a known value"),
        ({"over": {"model.l1": RATE}, "trials": 0}, "tuning.trials"),
    ],
)
def test_sections_that_make_no_sense(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadParams) as caught:
        TuningParams.parse(given, "tuning")
    assert said in str(caught.value)


def test_a_section_survives_its_own_text() -> None:
    params = space(REFERENCE, objective="precision_at_recall( 0.25 )").tuning
    assert params.objective == ("precision_at_recall(0.25)",)
    assert TuningParams.parse(params.model_dump(mode="json"), "tuning") == params


def test_graphs_that_cannot_be_and_labels_that_are_not_there() -> None:
    windows = {"close": 20}
    with pytest.raises(BadParams, match=r"tuning\.over\.model\.scale\.clos: .*did you mean 'close'"):
        space({"model.scale.clos": ["minmax", "none"]}).fits(windows, ["rises"])
    with pytest.raises(BadParams, match=r"tuning\.objective: objective fals:roc_auc unknown label fals; did you mean"):
        space({"model.l1": RATE}, objective="fals:roc_auc").fits(windows, ["rises", "falls"])
    with pytest.raises(BadParams, match="judges one label, but there are rises, falls; write rises:roc_auc"):
        space({"model.l1": RATE}).fits(windows, ["rises", "falls"])
    space({"model.scale.close": ["minmax", "none"]}, objective="falls:roc_auc").fits(windows, ["rises", "falls"])
