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
from trading_ml.models.build import build, compiled, graph_of
from trading_ml.models.graph import Graph
from trading_ml.models.params import ModelParams, TrainingParams
from trading_ml.models.source import Indices, Source, part, target
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
    graph, rows, watched = graph_of(source, params), part(source, "train"), part(source, "validation")
    targets = [target(source, label) for label in graph.labels]
    runtime.start(training.threads)
    import keras

    from trading_ml.models.feed import feed

    begun = time.perf_counter()
    keras.utils.set_random_seed(training.seed)
    model = compiled(build(source, graph), graph, source, training)
    _adapt(model, graph, source, rows)
    counts = class_weights(source, targets, rows, training.class_weight)
    taught = Batches(source, rows, targets, training.batch_size, training.seed, counts, graph.features)
    judged = Batches(source, watched, targets, training.batch_size, by_class=counts, features=graph.features)
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


def recipe(graph: Graph, training: TrainingParams) -> str:
    """Digest of everything but the dataset that decides the weights: graph, parameters, sources, versions.

    It is computed without importing TensorFlow.
    """
    room = Path(__file__).parent
    parts = ["train", "build", "batches", "feed", "weights", "runtime"]
    sources = {part: file_digest(room / f"{part}.py") for part in parts}
    components = {name: (node.reads, node.component.digest) for name, node in graph.nodes.items()}
    decisive = training.model_dump(mode="json", exclude={"prefetch"})
    return digest(components, decisive, sources, runtime.environment(training.threads))


def weights_digest(model: Any) -> str:
    """Hex sha256 over shapes and bytes of the model's weights, in the model's order."""
    sha = hashlib.sha256()
    for weight in model.get_weights():
        sha.update(f"{weight.shape}{weight.dtype}".encode())
        sha.update(np.ascontiguousarray(weight).tobytes())
    return sha.hexdigest()


def _adapt(model: Any, graph: Graph, source: Source, rows: Indices) -> None:
    """Let every scaling that learns from data see the training windows, and only those."""
    for name, feature in graph.adapting.items():
        model.get_layer(name).adapt(_windows(source, rows, feature))


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
