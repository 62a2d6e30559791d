"""What every family that scikit-learn fits must do: train, survive its file to the bit, and answer or say why not."""

from __future__ import annotations

import doctest
import inspect
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trading_ml.core.errors import BadParams
from trading_ml.models.build import graph_of
from trading_ml.models.estimators import stored
from trading_ml.models.families import ESTIMATORS, resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.predict import predict
from trading_ml.models.train import Trained, recipe, train, weights_digest
from trading_ml_tests.models.standin import Standin

SMALL: dict[str, dict[str, Any]] = {
    "random_forest": {"trees": 4, "samples_share": 0.5},
    "hist_gradient_boosting": {"rounds": 6, "leaves": 4},
}
SCALE = {"close": ["minmax", "zscore"], "noise": "zscore"}
TRAINING = TrainingParams(threads=1)
every = pytest.mark.parametrize("family", ESTIMATORS)


def params(family: str, **more: Any) -> Any:
    return resolve({"family": family, "scale": SCALE, **SMALL.get(family, {}), **more})


class Several(Standin):
    """With labels of every kind: two classes, three, a number, and two numbers side by side."""

    kinds = {
        "binary": [("rises", "rises", ["no", "yes"])],
        "categorical": [("move", "move", ["down", "flat", "up"])],
        "numeric": [("change", "change", None), ("path", "path.1", None), ("path", "path.2", None)],
    }

    @property
    def manifest(self) -> dict[str, Any]:
        keys = ("name", "column", "classes")
        told = [entry for kind in self.asked for entry in self.kinds[kind]]
        return {"labels": [dict(zip(keys, entry, strict=True)) for entry in told]}

    def __init__(self, asked: tuple[str, ...], **told: Any) -> None:
        self.asked = asked
        super().__init__(**told)

    def labels(self, indices: np.ndarray, label: str) -> np.ndarray:
        moved = np.diff(self.windows(indices, "close")[:, -2:, 0])[:, 0]
        answers: dict[str, Callable[[], np.ndarray]] = {
            "rises": lambda: self.answers[indices].astype(np.uint8),
            "move": lambda: np.digitize(moved, [-0.5, 0.5]),
            "change": lambda: moved,
            "path.1": lambda: 2 * moved + 1,
            "path.2": lambda: -moved,
        }
        return answers[label]()


@pytest.fixture(scope="module")
def source() -> Callable[[str], Several]:
    """A dataset with the labels that a family answers."""
    return lambda family: Several(ESTIMATORS[family].kinds, bars=400, signal=8.0)


@pytest.fixture(scope="module")
def trained(source: Callable[[str], Several]) -> dict[str, Trained]:
    return {family: train(source(family), params(family), TRAINING) for family in ESTIMATORS}


@every
def test_it_answers_every_label_it_claims_better_than_a_constant(
    family: str, trained: dict[str, Trained], source: Callable[[str], Several]
) -> None:
    dataset, done = source(family), trained[family]
    test = dataset.indices("test")
    found = predict(done.model, dataset, test)
    for entry in {entry["name"]: entry for entry in dataset.manifest["labels"]}.values():
        answered = found[entry["name"]]
        if entry["classes"] is None:
            columns = [e["column"] for e in dataset.manifest["labels"] if e["name"] == entry["name"]]
            wanted = np.column_stack([dataset.labels(test, column) for column in columns]).squeeze()
            assert answered.shape == wanted.shape
            assert np.square(answered - wanted).mean() < 0.6 * np.var(wanted, axis=0).mean()
        else:
            codes = dataset.labels(test, entry["column"]).astype(int)
            likely = np.column_stack([1 - answered, answered]) if answered.ndim == 1 else answered
            assert likely.shape == (len(test), len(entry["classes"]))
            np.testing.assert_allclose(likely.sum(axis=1), 1)
            assert (likely.argmax(axis=1) == codes).mean() > np.bincount(codes).max() / len(codes) + 0.05


@every
def test_training_again_gives_the_same_weights_bit_for_bit(
    family: str, trained: dict[str, Trained], source: Callable[[str], Several]
) -> None:
    np.random.default_rng().random()
    again = train(source(family), params(family), TRAINING)
    assert again.weights_digest == trained[family].weights_digest == weights_digest(trained[family].model)
    assert again.history == trained[family].history


@every
def test_it_survives_its_file_to_the_bit(
    family: str, trained: dict[str, Trained], source: Callable[[str], Several], tmp_path: Path
) -> None:
    stored.save(trained[family].model, tmp_path / stored.FILE)
    loaded = stored.load(tmp_path / stored.FILE)
    assert weights_digest(loaded) == trained[family].weights_digest
    dataset = source(family)
    test = dataset.indices("test")
    for label, wanted in predict(trained[family].model, dataset, test).items():
        assert predict(loaded, dataset, test)[label].tobytes() == wanted.tobytes()
    with zipfile.ZipFile(tmp_path / stored.FILE) as file:
        assert not [name for name in file.namelist() if not name.endswith((".json", ".npy"))]


@every
def test_what_it_does_not_answer_is_said_in_a_line(family: str) -> None:
    others = [kind for kind in Several.kinds if kind not in ESTIMATORS[family].kinds]
    for kind in others:
        with pytest.raises(BadParams, match=f"model.family: {family} does not answer .*; take l.*_regression"):
            train(Several((kind,), bars=400), params(family), TRAINING)
    assert others or ESTIMATORS[family].kinds == ("binary", "categorical", "numeric")


@every
def test_only_the_last_bar_is_asked_where_that_is_said(family: str, source: Callable[[str], Several]) -> None:
    dataset = source(family)
    done = train(dataset, params(family, inputs="last", scale={"close": "zscore"}), TRAINING)
    assert [shown.width for shown in done.model.inputs] == [1, 1]
    windows = {name: dataset.windows(np.arange(4), name) for name in dataset.features}
    before, last = ({name: x.copy() for name, x in windows.items()} for _ in range(2))
    before["close"][:, :-1] += 9
    last["close"][:, -1] += 9
    answered = str(done.model.predict(windows))
    assert str(done.model.predict(before)) == answered != str(done.model.predict(last))


@every
def test_memory_is_bounded_and_the_way_out_is_named(family: str, source: Callable[[str], Several]) -> None:
    dataset = source(family)
    samples = len(dataset.indices("train")) + len(dataset.indices("validation"))
    needed = samples * 7 * ESTIMATORS[family].bytes_per_value / 1e9
    with pytest.raises(BadParams, match=r"model.memory_gb: is .* samples of 7 inputs take .*inputs: last"):
        train(dataset, params(family, memory_gb=needed * 0.99), TRAINING)


@every
def test_its_recipe_names_what_decides_and_nothing_else(family: str, source: Callable[[str], Several]) -> None:
    dataset = source(family)

    def key(training: TrainingParams = TRAINING, **more: Any) -> str:
        return recipe(graph_of(dataset, params(family, **more)), training)

    for unimportant in ({"epochs": 1}, {"batch_size": 7}, {"optimizer": "sgd"}, {"prefetch": 2}):
        assert key(TRAINING.model_copy(update=unimportant)) == key()
    assert key(memory_gb=3) == key()
    decisive = ({"seed": 8}, {"threads": 2}, {"class_weight": "balanced"})
    others = [key(TRAINING.model_copy(update=each)) for each in decisive]
    others += [key(inputs="last"), key(scale={})]
    assert len({key(), *others}) == 6


@every
def test_it_is_documented_and_its_example_holds(family: str) -> None:
    kind = ESTIMATORS[family]
    assert kind.__module__ == f"trading_ml.models.families.{family}"
    assert kind.draws.startswith("windows, flat → ")
    fields = kind.model_json_schema()["properties"]
    assert all(field.get("description") for name, field in fields.items() if name != "family")
    module = inspect.getmodule(kind)
    assert module
    assert doctest.testmod(module).attempted > 0
    assert doctest.testmod(module).failed == 0
