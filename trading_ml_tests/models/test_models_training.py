from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trading_ml.core.errors import BadInput, BadParams, NoData, Refused
from trading_ml.models import runtime
from trading_ml.models.batches import inputs
from trading_ml.models.build import build, compiled, graph_of
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.predict import predict
from trading_ml.models.source import sole_target
from trading_ml.models.train import Trained, train, weights_digest
from trading_ml_tests.models.standin import Standin

runtime.start()

SCALE = {"close": "minmax", "noise": "zscore"}
MODEL = resolve({"family": "dense", "units": [8, 4], "dropout": 0.1, "l2": 1e-4, "scale": SCALE})
TRAINING = TrainingParams(epochs=4, batch_size=100, learning_rate=0.02, early_stopping=2)


@pytest.fixture(scope="module")
def source() -> Standin:
    return Standin()


@pytest.fixture(scope="module")
def trained(source: Standin) -> Trained:
    return train(source, MODEL, TRAINING)


def test_the_same_seed_gives_the_same_weights_bit_for_bit(source: Standin, trained: Trained) -> None:
    np.random.default_rng().random()
    again = train(source, MODEL, TRAINING)
    assert again.weights_digest == trained.weights_digest == weights_digest(trained.model)
    assert again.history == trained.history
    other = train(source, MODEL, TRAINING.model_copy(update={"seed": 8}))
    assert other.weights_digest != trained.weights_digest


def test_the_graph_is_named_and_ends_in_one_probability(source: Standin, trained: Trained) -> None:
    names = [layer.name for layer in trained.model.layers]
    assert set(names) >= {"close", "noise", "close_minmax", "noise_zscore", "dense_1", "dropout_2", "rises"}
    test = source.indices("test")
    p = predict(trained.model, source, test)["rises"]
    assert p.shape == test.shape
    assert ((p > 0) & (p < 1)).all()


def test_a_standard_score_adapts_to_training_windows_only(source: Standin, trained: Trained) -> None:
    shown = source.windows(source.indices("train"), "noise").astype(np.float64)
    layer = trained.model.get_layer("noise_zscore")
    np.testing.assert_allclose(layer.mean.numpy(), [shown.mean()], atol=1e-6)
    np.testing.assert_allclose(layer.std.numpy(), [shown.std()], rtol=1e-6)


def test_every_input_of_a_linear_model_is_normalised_by_the_training_part(source: Standin) -> None:
    params = resolve({"family": "linear", "scale": {"close": "relative_to_last"}, "normalize": True})
    layer = train(source, params, TRAINING.model_copy(update={"epochs": 1})).model.get_layer("normalized")
    train_part = source.indices("train")
    close, noise = (source.windows(train_part, name)[:, :, 0].astype(np.float64) for name in source.features)
    shown = np.concatenate([close / close[:, -1:] - 1, noise], axis=1)
    np.testing.assert_allclose(layer.mean.numpy(), shown.mean(0), atol=1e-6)
    np.testing.assert_allclose(layer.std.numpy(), shown.std(0), rtol=1e-4, atol=1e-7)
    assert layer.std.numpy()[5] == 0  # the last close relative to itself


def test_a_small_improvement_may_count_as_none(source: Standin) -> None:
    training = TrainingParams(epochs=9, batch_size=100, learning_rate=1e-4, early_stopping=2, min_improvement=0.5)
    done = train(source, MODEL, training)
    assert (len(done.history), done.best_epoch) == (3, 1)


def test_the_model_learns_what_can_be_learnt(source: Standin, trained: Trained) -> None:
    validation = source.indices("validation")
    p, answers = predict(trained.model, source, validation)["rises"], source.labels(validation, "rises")
    assert p[answers == 1].mean() - p[answers == 0].mean() > 0.15


def test_the_best_epochs_weights_return(source: Standin) -> None:
    seen: list[int] = []
    training = TrainingParams(epochs=30, batch_size=50, learning_rate=0.1, early_stopping=2)
    done = train(source, MODEL, training, lambda epoch, metrics: seen.append(epoch))
    losses = [epoch["val_loss"] for epoch in done.history]
    assert done.best_epoch == 1 + int(np.argmin(losses))
    assert seen == list(range(1, len(losses) + 1))
    assert len(losses) == done.best_epoch + 2 < 30
    until = train(source, MODEL, training.model_copy(update={"epochs": done.best_epoch, "early_stopping": None}))
    assert until.weights_digest == done.weights_digest
    assert until.best_epoch == done.best_epoch


@pytest.mark.parametrize(
    ("classes", "units", "loss"),
    [(["down", "up"], 1, "binary_crossentropy"), (["a", "b", "c"], 3, "sparse_categorical_crossentropy"),
     (None, 1, "mean_squared_error")],
)  # fmt: skip
def test_the_head_follows_the_kind_of_label(classes: list[str] | None, units: int, loss: str) -> None:
    source = Standin(classes=classes)
    model = compiled(build(source, graph_of(source, MODEL)), graph_of(source, MODEL), source, TRAINING)
    assert model.output_shape == (None, units)
    assert model.loss == loss
    answers = np.arange(100) % units
    assert np.isfinite(model.train_on_batch(inputs(source, np.arange(100)), answers)).all()


def test_a_model_survives_its_file(trained: Trained, source: Standin, tmp_path: Path) -> None:
    import keras

    trained.model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    test = source.indices("test")
    there, back = (predict(model, source, test)["rises"] for model in (trained.model, loaded))
    assert back.tobytes() == there.tobytes()
    assert weights_digest(loaded) == trained.weights_digest


def test_what_cannot_be_trained_is_said(source: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadParams, match=r"model.scale.clse: unknown feature; did you mean 'close'\?"):
        train(source, resolve({"family": "dense", "scale": {"clse": "minmax"}}), TRAINING)
    with pytest.raises(BadParams, match="threads: is 3, but TensorFlow already runs on 2 threads"):
        train(source, MODEL, TrainingParams(threads=3))
    with pytest.raises(Refused, match="loss is nan after epoch 1; scale the features"):
        train(source, MODEL, TrainingParams(learning_rate=1e38, optimizer="sgd"))
    monkeypatch.setattr(Standin, "indices", lambda self, part: np.arange(50 if part == "train" else 0))
    with pytest.raises(NoData, match="has no validation samples"):
        train(source, MODEL, TRAINING)
    both = [{"name": name, "column": name, "classes": ["no", "yes"]} for name in ("a", "b")]
    monkeypatch.setattr(Standin, "manifest", {"labels": both})
    with pytest.raises(BadInput, match="labels a, b: are several, but here one is judged"):
        sole_target(source)


def test_samples_count_by_their_weight(trained: Trained) -> None:
    size = len(Standin().bar)
    even = Standin(weights=np.full(size, 0.25, np.float32))
    assert train(even, MODEL, TRAINING).weights_digest == trained.weights_digest
    uneven = Standin(weights=np.linspace(0.5, 2.5, size, dtype=np.float32))
    assert train(uneven, MODEL, TRAINING).weights_digest != trained.weights_digest
