from __future__ import annotations

import subprocess
import sys

import pytest

from trading_ml.core.errors import BadParams
from trading_ml.models.families import resolve
from trading_ml.models.graph import Graph
from trading_ml.models.params import TrainingParams
from trading_ml.models.train import recipe

DENSE = {"family": "dense", "units": [128, 64], "dropout": 0.2, "scale": {"ohlcv": "minmax", "atr": "minmax"}}


def test_a_project_file_says_what_it_says() -> None:
    params = resolve(DENSE)
    assert params.units == (128, 64)
    assert params.scale == {"ohlcv": "minmax", "atr": "minmax"}
    assert TrainingParams.parse({"early_stopping": None}, "training").early_stopping is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"family": "dens"}, "model.family: 'dens' is not a family; did you mean 'dense'?"),
        ({"scale": {"atr": "minmx"}}, "model.scale.atr: 'minmx' is not a known value; did you mean 'minmax'?"),
        (
            {"scale": {"atr": ["log", "zscor"]}},
            "model.scale.atr.1: 'zscor' is not a known value; did you mean 'zscore'?",
        ),
        ({"unit": [1]}, "model.unit: unknown key; did you mean 'units'?"),
        ({"units": []}, "model.units: tuple should have at least 1 item after validation, not 0"),
        ({"dropout": 1}, "model.dropout: input should be less than 1 (given: 1)"),
    ],
)
def test_a_model_that_cannot_be_built_is_refused_by_name(change: dict, sentence: str) -> None:
    with pytest.raises(BadParams) as caught:
        resolve(DENSE | change)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"optimizer": "adm"}, "training.optimizer: 'adm' is not a known value; did you mean 'adam'?"),
        ({"epoch": 3}, "training.epoch: unknown key; did you mean 'epochs'?"),
        ({"learning_rate": 0}, "training.learning_rate: input should be greater than 0 (given: 0)"),
        ({"schedule": "cosin"}, "training.schedule: 'cosin' is not a schedule; did you mean 'cosine'?"),
        ({"schedule": {"use": "cosine", "flor": 1}}, "training.schedule.flor: unknown key; did you mean 'floor'?"),
        (
            {"schedule": {"use": "exponential", "factor": 2}},
            "training.schedule.factor: input should be less than or equal to 1 (given: 2)",
        ),
        ({"early_stopping": 0}, "training.early_stopping: input should be greater than or equal to 1 (given: 0)"),
    ],
)
def test_a_training_that_cannot_be_done_is_refused_by_name(raw: dict, sentence: str) -> None:
    with pytest.raises(BadParams) as caught:
        TrainingParams.parse(raw, "training")
    assert str(caught.value) == sentence


def graph(raw: dict) -> Graph:
    return resolve(raw).graph({"ohlcv": 100, "atr": 100}, ["rises"])


def test_the_recipe_names_everything_that_decides_the_weights() -> None:
    model, training = graph(DENSE), TrainingParams()
    same = recipe(graph(DENSE), TrainingParams())
    others = [
        recipe(graph(DENSE | {"units": [128]}), training),
        recipe(graph(DENSE | {"scale": {}}), training),
        recipe(model, TrainingParams(seed=8)),
        recipe(model, TrainingParams(threads=1)),
        recipe(model, TrainingParams.parse({"schedule": "cosine"}, "training")),
        recipe(model, TrainingParams.parse({"schedule": {"use": "cosine", "floor": 0.5}}, "training")),
    ]
    assert recipe(model, TrainingParams(keep_checkpoints=3, prefetch=2)) == same
    assert recipe(model, training) == same
    assert len({same, *others}) == 7


def test_neither_parameters_nor_recipe_load_tensorflow() -> None:
    code = (
        "import sys, trading_ml.registry.params\n"
        "from trading_ml.models.families import resolve\n"
        "from trading_ml.models.params import *\n"
        "from trading_ml.models.train import recipe\n"
        "import trading_ml.registry.register, trading_ml.registry.store\n"
        "recipe(resolve({'family': 'dense'}).graph({'a': 3}, ['y']), TrainingParams())\n"
        "print([m for m in ('tensorflow', 'keras', 'mlflow', 'matplotlib', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
