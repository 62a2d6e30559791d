"""Training: the same parameters, dataset, versions and threads give the same weights, bit for bit."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trading_ml.core.digest import digest, file_digest
from trading_ml.core.errors import Refused
from trading_ml.models import runtime
from trading_ml.models.batches import Batches
from trading_ml.models.build import build, compiled
from trading_ml.models.components import layer_name
from trading_ml.models.params import ModelParams, TrainingParams
from trading_ml.models.source import Indices, Source, part, sole_target
from trading_ml.models.weights import class_weights

OnEpoch = Callable[[int, Mapping[str, float]], None]
_GATHER = 8192  # samples looked at together while scalings adapt


@dataclass(frozen=True)
class Trained:
    """A trained model and how it came about."""

    model: Any
    """The Keras model, with the weights of its best epoch."""
    history: tuple[dict[str, float], ...]
    """Metrics after each epoch: `loss`, `val_loss` and those of the label's kind."""
    best_epoch: int
    """The epoch, from 1, whose weights the model holds."""
    weights_digest: str
    """Hex sha256 over shapes and bytes of all weights."""
    seconds: float
    """Wall-clock time."""


def train(
    source: Source, params: ModelParams, training: TrainingParams, on_epoch: OnEpoch = lambda epoch, metrics: None
) -> Trained:
    """Train a model on the train part, watching the validation part; the test part is not touched.

    Args:
        source: The dataset.
        params: What to build.
        training: How to train it.
        on_epoch: Called after each epoch with its number, from 1, and its metrics.

    Raises:
        NoData: when the train or validation part is empty.
        BadInput: when the dataset or the process does not fit, or class weights do not fit the label.
        Refused: when the loss is no longer a number.
    """
    target, rows, watched = sole_target(source), part(source, "train"), part(source, "validation")
    runtime.start(training.threads)
    import keras

    from trading_ml.models.feed import feed

    begun = time.perf_counter()
    keras.utils.set_random_seed(training.seed)
    model = compiled(build(source, params), target, training)
    _adapt(model, params, source, rows)
    counts = class_weights(source, target, rows, training.class_weight)
    taught = Batches(source, rows, target, training.batch_size, training.seed, counts)
    judged = Batches(source, watched, target, training.batch_size, by_class=counts)
    history: list[dict[str, float]] = []

    def note(epoch: int, logs: Mapping[str, float]) -> None:
        _still_numbers(epoch + 1, logs)
        history.append({name: float(value) for name, value in logs.items()})
        on_epoch(epoch + 1, history[-1])

    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: taught.begin(epoch))
    stopping = _stopping(training)
    model.fit(
        feed(taught, training.prefetch),
        validation_data=feed(judged, training.prefetch),
        epochs=training.epochs, shuffle=False, verbose=0,
        callbacks=[order, keras.callbacks.LambdaCallback(on_epoch_end=note), *stopping],
    )  # fmt: skip
    best = stopping[0].best_epoch + 1 if stopping else len(history)
    return Trained(model, tuple(history), best, weights_digest(model), time.perf_counter() - begun)


def recipe(params: ModelParams, training: TrainingParams) -> str:
    """Digest of everything but the dataset that decides the weights: parameters, our sources, versions.

    It is computed without importing TensorFlow.
    """
    room = Path(__file__).parent
    scalings = sorted({scaling for scaling in params.scale.values() if scaling != "none"})
    parts = ["train", "build", "batches", "feed", "weights", "runtime", f"families/{params.family}"]
    parts += [f"components/{scaling}" for scaling in scalings]
    sources = {part: file_digest(room / f"{part}.py") for part in parts}
    decisive = training.model_dump(mode="json", exclude={"prefetch"})
    return digest(params, decisive, sources, runtime.environment(training.threads))


def weights_digest(model: Any) -> str:
    """Hex sha256 over shapes and bytes of the model's weights, in the model's order."""
    sha = hashlib.sha256()
    for weight in model.get_weights():
        sha.update(f"{weight.shape}{weight.dtype}".encode())
        sha.update(np.ascontiguousarray(weight).tobytes())
    return sha.hexdigest()


def _adapt(model: Any, params: ModelParams, source: Source, rows: Indices) -> None:
    """Let every scaling that learns from data see the training windows, and only those."""
    for feature, scaling in params.scale.items():
        if scaling == "zscore":
            model.get_layer(layer_name(feature, scaling)).adapt(_windows(source, rows, feature))


def _windows(source: Source, rows: Indices, feature: str) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), _GATHER):
        yield source.windows(rows[start : start + _GATHER], feature)


def _stopping(training: TrainingParams) -> list[Any]:
    import keras

    if training.early_stopping is None:
        return []
    return [keras.callbacks.EarlyStopping("val_loss", patience=training.early_stopping, restore_best_weights=True)]


def _still_numbers(epoch: int, logs: Mapping[str, float]) -> None:
    for name, value in logs.items():
        if not math.isfinite(value):
            fix = "scale the features or lower learning_rate"
            raise Refused("training", f"{name} is {value} after epoch {epoch}", fix)
