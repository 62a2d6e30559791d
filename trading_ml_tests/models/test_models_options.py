"""Options of training: what they change, and that they leave other models alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trading_ml.core.errors import BadParams
from trading_ml.core.lake import Lake
from trading_ml.models import runtime
from trading_ml.models.build import build, compiled, graph_of
from trading_ml.models.checkpoint import Checkpoints
from trading_ml.models.families import resolve
from trading_ml.models.metrics import METRICS, fitting, made
from trading_ml.models.params import TrainingParams
from trading_ml.models.predict import predict
from trading_ml.models.train import Trained, recipe, train
from trading_ml_tests.models.standin import Standin
from trading_ml_tests.models.test_models_graph import LABELS, LENGTHS, Windows

runtime.start()
keras = pytest.importorskip("keras")

MODEL = resolve({"family": "dense", "units": [8], "dropout": 0.1, "scale": {"close": "minmax", "noise": "zscore"}})
PLAIN = TrainingParams(epochs=2, batch_size=128, learning_rate=0.02)
HALF = PLAIN.model_copy(update={"precision": "mixed_bfloat16", "metrics": ("auc",)})


@pytest.fixture(scope="module")
def source() -> Standin:
    return Standin(bars=120)


@pytest.fixture(scope="module")
def half(source: Standin) -> Trained:
    return train(source, MODEL, HALF)


def test_half_precision_is_of_the_layers_that_learn_alone(source: Standin, half: Trained) -> None:
    policy = {layer.name: layer.dtype_policy.compute_dtype for layer in half.model.layers}
    assert policy["dense_1"] == policy["dropout_1"] == "bfloat16"
    assert {policy[name] for name in ("close_minmax", "noise_zscore", "inputs", "rises")} == {"float32"}
    assert {str(weight.dtype) for weight in half.model.get_weights()} == {"float32"}
    assert predict(half.model, source, source.indices("test"))["rises"].dtype == np.float64
    assert keras.config.dtype_policy().name == "float32"
    assert build(source, graph_of(source, MODEL)).get_layer("dense_1").dtype_policy.name == "float32"


def test_precision_is_part_of_what_decides_the_weights(source: Standin) -> None:
    graph = graph_of(source, MODEL)
    keys = {recipe(graph, PLAIN.model_copy(update=change)) for change in ({}, {"precision": "mixed_bfloat16"})}
    assert len(keys) == 2
    assert recipe(graph, PLAIN.model_copy(update={"datasets": ("other",)})) in keys


def test_what_was_broken_off_in_half_precision_goes_on_to_the_same_weights(
    source: Standin, half: Trained, tmp_path: Path
) -> None:
    def stop(epoch: int, metrics: object) -> None:
        raise KeyboardInterrupt

    checkpoints = Checkpoints.at(Lake(tmp_path), "p", "k", 1)
    with pytest.raises(KeyboardInterrupt):
        train(source, MODEL, HALF, stop, checkpoints)
    assert train(source, MODEL, HALF, checkpoints=checkpoints).weights_digest == half.weights_digest


def test_half_precision_opens_again_with_the_same_answers(source: Standin, half: Trained, tmp_path: Path) -> None:
    half.model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    test = source.indices("test")
    np.testing.assert_array_equal(predict(again, source, test)["rises"], predict(half.model, source, test)["rises"])


def test_raw_prices_keep_their_digits() -> None:
    graph = resolve({"family": "linear", "scale": {"prices": "relative_to_last"}}).graph({"prices": 20}, ["path"])
    shown = {"prices": (40_000 + np.arange(60).reshape(1, 20, 3)).astype(np.float32)}
    whole, mixed = build(Windows(), graph), build(Windows(), graph, "mixed_bfloat16")
    mixed.set_weights(whole.get_weights())
    np.testing.assert_allclose(mixed(shown).numpy(), whole(shown).numpy(), rtol=1e-5)


def test_metrics_are_told_after_each_epoch(half: Trained) -> None:
    assert set(half.history[0]) >= {"auc", "val_auc", "val_accuracy", "val_loss"}


def test_each_metric_goes_to_the_labels_it_fits() -> None:
    assert [metric.name for metric in made(METRICS, "binary")] == [
        "auc", "pr_auc", "precision", "recall", "mean_squared_error"
    ]  # fmt: skip
    assert [metric.name for metric in made(METRICS, "categorical")] == ["top_2_accuracy"]
    answered, right = np.array([[1.0, 3.0], [2.0, 5.0]]), np.array([[1.0, 2.0], [2.0, 4.0]])
    by_name = {metric.name: metric for metric in made(METRICS, "numeric")}
    by_name["root_mean_squared_error"].update_state(right, answered)
    assert float(by_name["root_mean_squared_error"].result()) == pytest.approx(np.sqrt(0.5))
    with pytest.raises(BadParams, match=r"training.metrics: r2_score is for numeric labels, of which there is none"):
        fitting(["r2_score"], ["binary"])


BAD = {
    "metrics": ("aucc", r"training.metrics: 'aucc' is not a metric; did you mean 'auc'\?"),
    "optimizer": ("adamm", r"training.optimizer: 'adamm' is not a known value; did you mean 'adam'\?"),
    "precision": ("float16", r"training.precision: 'float16' is not a known value; did you mean 'float32'\?"),
    "device": ("tpu:0", r"training.device: "),
}


@pytest.mark.parametrize("key", BAD)
def test_what_is_not_known_is_told_with_the_nearest(key: str) -> None:
    value, told = BAD[key]
    with pytest.raises(BadParams, match=told):
        TrainingParams.parse({key: value}, "training")


def test_a_device_that_is_not_there_is_told(source: Standin) -> None:
    if keras.distribution.list_devices("gpu"):
        pytest.skip("there is a GPU")
    with pytest.raises(BadParams, match=r"training.device: is gpu:0, but TensorFlow sees no GPU here; known: cpu"):
        train(source, MODEL, PLAIN.model_copy(update={"device": "gpu:0"}))


@pytest.mark.parametrize("optimizer", ["nadam", "adamax", "adagrad", "adadelta", "lion", "ftrl"])
def test_every_optimizer_is_one_of_keras(optimizer: str, source: Standin) -> None:
    graph = graph_of(source, MODEL)
    params = TrainingParams.parse({"optimizer": optimizer}, "training")
    assert compiled(build(source, graph), graph, source, params).optimizer.name == optimizer


def test_outputs_of_a_family_have_losses_and_weights_of_their_own() -> None:
    told = {"path": {"loss": "huber", "weight": 0.5}}
    graph = resolve({"family": "linear", "labels": ["path", "rises"], "outputs": told}).graph(LENGTHS, LABELS)
    assert list(graph.labels) == ["path", "rises"]
    assert (graph.nodes["path"].settings.loss, graph.nodes["path"].settings.weight) == ("huber", 0.5)
    with pytest.raises(BadParams, match=r"model.outputs.pathh: unknown label; did you mean 'path'\?"):
        resolve({"family": "linear", "outputs": {"pathh": {}}}).graph(LENGTHS, LABELS)
    with pytest.raises(BadParams, match=r"model.outputs.path.wieght: unknown key; did you mean 'weight'\?"):
        resolve({"family": "linear", "outputs": {"path": {"wieght": 2}}})


@pytest.mark.parametrize("family", ["dense", "lstm", "linear_regression"])
def test_another_label_of_the_same_dataset_and_fewer_features(family: str) -> None:
    params = resolve({"family": family, "labels": "path.2", "features": ["atr", "slow"]})
    graph = params.graph(LENGTHS, LABELS)
    assert (list(graph.features), list(graph.labels)) == (["atr", "slow"], ["path.2"])
    with pytest.raises(BadParams, match=r"model.labels: 'rise' is no label of the project; did you mean 'rises'\?"):
        resolve({"family": family, "labels": "rise"}).graph(LENGTHS, LABELS)
    with pytest.raises(BadParams, match=r"model.features: 'art' is no feature of the project; did you mean 'atr'\?"):
        resolve({"family": family, "features": ["art"]}).graph(LENGTHS, LABELS)
