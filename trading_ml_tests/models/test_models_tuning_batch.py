"""Batches of configurations and their receipts, without training."""

from __future__ import annotations

from itertools import product

import pytest

from trading_ml.core.errors import BadParams
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.tuning.batch import BatchParams

MODEL = resolve({"family": "cdnn", "units": [64, 32], "scale": {"closes": "zscore"}})
TRAINING = TrainingParams(epochs=9, batch_size=64)
RATES, LOSSES, UNITS = [0.01, 0.001], ["mse", "mae"], [[32, 32], [64]]
GROUPS = {"UNIT_TEST": {"model.family": "dense", "model.units": UNITS}, "linear_regression": {"model.alpha": [0.1, 1]}}
ALWAYS = {"training.epochs": 2, "training.learning_rate": RATES, "model.outputs.path.loss": LOSSES}


def parsed(**given: object) -> BatchParams:
    return BatchParams.parse({"project": "p", "groups": GROUPS, "always": ALWAYS} | given, "batch")


def test_every_combination_of_a_group() -> None:
    found = [each for each in parsed().configs(MODEL, TRAINING) if each.group == "UNIT_TEST"]
    asked = list(product(RATES, LOSSES, UNITS))
    shown = [(each.training.learning_rate, each.model.outputs["path"].loss, list(each.model.units)) for each in found]
    assert shown == asked
    assert {each.model.family for each in found} == {"dense"}
    assert {(each.training.epochs, each.training.batch_size) for each in found} == {(2, 64)}
    assert {each.model.scale["closes"] for each in found} == {"zscore"}  # as the project says


def test_a_family_that_lacks_a_parameter_goes_without_it_and_doubles_count_once() -> None:
    key_of = lambda model, training: f"{model.alpha}" if model.family == "linear_regression" else f"{model}{training}"
    receipt, configs = parsed().receipt("small", "d" * 64, MODEL, TRAINING, key_of)
    assert (receipt.asked, receipt.models, receipt.groups) == (12, 10, {"UNIT_TEST": 8, "linear_regression": 2})
    assert [each.number for each in receipt.configs] == list(range(10)) == list(range(len(configs)))
    assert [each.model_key for each in receipt.configs[8:]] == ["0.1", "1.0"]
    assert receipt.chosen(receipt.configs[0]) == "learning_rate 0.01, outputs.path.loss mse, units [32, 32]"
    assert receipt.chosen(receipt.configs[9]) == "alpha 1"
    again, _ = parsed().receipt("small", "d" * 64, MODEL, TRAINING, key_of)
    assert again == receipt
    other, _ = parsed().receipt("small", "e" * 64, MODEL, TRAINING, key_of)
    assert other.digest != receipt.digest


def test_a_group_overrides_what_is_for_all_and_without_a_family_is_the_projects() -> None:
    batch = parsed(groups={"mine": {"training.learning_rate": 0.5, "model.units": [[8]]}})
    assert [(each.model.family, each.training.learning_rate) for each in batch.configs(MODEL, TRAINING)] == [
        ("cdnn", 0.5), ("cdnn", 0.5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"groups": {"dense": {"model.unitz": [[8]]}}}, r"groups.dense.model.unitz: unknown key; .*units"),
        ({"groups": {"dense": {"model.units": [8]}}}, r"groups.dense.model.units"),
        ({"groups": {"dense": {"modl.units": [[8]]}}}, r"groups.dense.modl.units: is neither model.… nor training.…"),
        ({"groups": {"x": {"model.family": "dens"}}, "always": {}}, r"'dens' is not a family; did you mean 'dense'"),
        ({"always": {"model.output": 1}}, r"always.model.output: is a parameter of no group's family; .*outputs"),
        ({"groups": {"dense": {"training.epochs": 0}}}, r"groups.dense.training.epochs: .*greater than or equal to 1"),
    ],
)
def test_what_does_not_fit_is_told_with_its_group(given: dict[str, object], said: str) -> None:
    with pytest.raises(BadParams, match=said):
        list(parsed(**given).configs(MODEL, TRAINING))


@pytest.mark.parametrize("metric", ["rmsee", "precision_at_recall(0.25)"])
def test_metrics_that_no_certificate_has(metric: str) -> None:
    with pytest.raises(BadParams, match=r"batch.metric"):
        parsed(metric=metric)
