"""Training: the same parameters, dataset, versions and threads give the same weights, bit for bit."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trading_ml.core.digest import digest, file_digest
from trading_ml.core.errors import BadParams, Refused
from trading_ml.models import runtime
from trading_ml.models.batches import Batches, inputs
from trading_ml.models.build import build, compiled, graph_of
from trading_ml.models.checkpoint import Checkpoint, Checkpoints
from trading_ml.models.control import Control
from trading_ml.models.families import estimated
from trading_ml.models.families.estimated import Plan
from trading_ml.models.graph import Graph
from trading_ml.models.params import ModelParams, TrainingParams
from trading_ml.models.source import Indices, Source, part, target
from trading_ml.models.transfer import Donor, transfer
from trading_ml.models.weights import class_weights

OnEpoch = Callable[[int, Mapping[str, float]], None]
Watch = Callable[[Any], Mapping[str, float]]
_NOT_DECISIVE: Any = {
    "prefetch": True, "keep_checkpoints": True, "datasets": True, "start_from": {"version", "project"}
}  # fmt: skip
"""Of the parameters: the content of datasets and of the version to start from decides, not what they are called."""
_GATHER = 8192  # samples looked at together while scalings adapt


@dataclass(frozen=True)
class Trained:
    """A trained model and how it came about."""

    model: Any
    """The Keras model, with the weights of its best epoch; or an `Estimator`, which is asked alike."""
    history: tuple[dict[str, float], ...]
    """Metrics after each epoch: `loss`, `val_loss` and those of the label's kind."""
    best_epoch: int
    """The epoch, from 1, whose weights the model holds."""
    weights_digest: str
    """Hex sha256 over shapes and bytes of all weights."""
    seconds: float
    """Wall-clock time."""


def train(
    source: Source,
    params: ModelParams,
    training: TrainingParams,
    on_epoch: OnEpoch = lambda epoch, metrics: None,
    checkpoints: Checkpoints | None = None,
    control: Control | None = None,
    watch: Watch | None = None,
    donor: Donor | None = None,
) -> Trained:
    """Train a model on the train part, watching the validation part; the test part is not touched.

    Args:
        source: The dataset.
        params: What to build.
        training: How to train it.
        on_epoch: Called after each epoch with its number, from 1, and its metrics; at once for epochs that an earlier
            training went through, which this one goes on from.
        checkpoints: Where to keep one after each epoch, and to go on from the newest, to the same weights. The caller
            names it after all that decides them: dataset and `recipe`.
        control: Looks between batches whether anybody asks it to pause or to stop.
        watch: Asked for further metrics of the model, not yet whole, after each epoch.
        donor: The version from which `training.start_from` takes weights.

    Raises:
        NoData: when the train or validation part is empty.
        BadInput: when the dataset or the process does not fit, or class weights do not fit the label.
        Refused: when the loss is no longer a number. Stopped: when that was asked.
    """
    graph = graph_of(source, params)
    if isinstance(graph, Plan):
        if training.start_from:
            problem = f"{graph.params.family} has no nodes with weights to begin with"
            raise BadParams("training.start_from", problem, "leave it out, or take a network")
        return _fitted(source, graph, training, on_epoch)
    runtime.start(training.threads)
    begun = lambda model: _Course(model, _stopping(training), on_epoch, checkpoints, control, watch)
    with runtime.on(training.device):
        return _taught(source, graph, training, begun, donor)


def _taught(
    source: Source, graph: Graph, training: TrainingParams, begin: Callable[[Any], _Course], donor: Donor | None
) -> Trained:
    """A network, taught by Keras; `begin` says how the course of a model's training is told and kept."""
    import keras

    from trading_ml.models.feed import feed

    begun = time.perf_counter()
    rows, watched = part(source, "train"), part(source, "validation")
    targets = [target(source, label) for label in graph.labels]
    with runtime.seeded(training.seed):
        model = build(source, graph, training.precision)
    taken = transfer(model, graph, donor, training.start_from) if donor and training.start_from else frozenset()
    compiled(model, graph, source, training)
    _adapt(model, graph, source, rows, taken)
    counts = class_weights(source, targets, rows, training.class_weight)
    taught = Batches(source, rows, targets, training.batch_size, training.seed, counts, graph.features)
    judged = Batches(source, watched, targets, training.batch_size, by_class=counts, features=graph.features)
    course = begin(model)
    found = course.checkpoints.newest() if course.checkpoints else None
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: taught.begin(epoch))
    model.fit(
        feed(taught, training.prefetch),
        validation_data=feed(judged, training.prefetch),
        initial_epoch=found.next(training.epochs) if found else 0, epochs=training.epochs, shuffle=False, verbose=0,
        callbacks=[order, *course.callbacks(found, len(taught))],
    )  # fmt: skip
    return Trained(model, tuple(course.history), course.best, weights_digest(model), time.perf_counter() - begun)


def recipe(graph: Graph, training: TrainingParams) -> str:
    """Digest of everything but the dataset that decides the weights: graph, parameters, sources, versions.

    It is computed without importing TensorFlow.
    """
    if isinstance(graph, Plan):
        return graph.recipe(training.seed, training.threads, training.class_weight)
    room = Path(__file__).parent
    parts = ["train", "checkpoint", "build", "network", "schedule", "batches", "feed", "weights", "runtime"]
    parts += ["transfer"] if training.start_from else []
    sources = {part: file_digest(room / f"{part}.py") for part in parts}
    components = {name: (node.reads, node.component.digest) for name, node in graph.nodes.items()}
    decisive = training.model_dump(mode="json", exclude=_NOT_DECISIVE)
    return digest(components, decisive, sources, runtime.environment(training.threads))


def weights_digest(model: Any) -> str:
    """Hex sha256 over shapes and bytes of the model's weights, in the model's order."""
    sha = hashlib.sha256()
    for weight in model.get_weights():
        sha.update(f"{weight.shape}{weight.dtype}".encode())
        sha.update(np.ascontiguousarray(weight).tobytes())
    return sha.hexdigest()


def environment(params: ModelParams, training: TrainingParams) -> dict[str, str]:
    """What beside parameters and data decides the last bits of the weights."""
    of = estimated.environment if isinstance(params, estimated.EstimatorParams) else runtime.environment
    return of(training.threads)


def _fitted(source: Source, plan: Plan, training: TrainingParams, on_epoch: OnEpoch) -> Trained:
    """What scikit-learn fits comes about at once: it counts as one epoch."""
    from trading_ml.models.estimators.fit import fit

    begun = time.perf_counter()
    estimator, metrics = fit(source, plan, training)
    _still_numbers(1, metrics)
    on_epoch(1, metrics)
    return Trained(estimator, (metrics,), 1, weights_digest(estimator), time.perf_counter() - begun)


@dataclass(frozen=True)
class _Course:
    """A training under way: each epoch is checked, kept, then told."""

    model: Any
    stopping: Any | None
    on_epoch: OnEpoch
    checkpoints: Checkpoints | None
    control: Control | None
    watch: Watch | None
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def best(self) -> int:
        """The epoch, from 1, whose weights the model holds at the end."""
        return self.stopping.best_epoch + 1 if self.stopping else len(self.history)

    def callbacks(self, found: Checkpoint | None, steps: int) -> list[Any]:
        """What Keras is to call: early stopping first, so that what it counts is kept with its epoch."""
        import keras

        begin = lambda logs: self._resume(found) if found else None
        own = keras.callbacks.LambdaCallback(on_train_begin=begin, on_epoch_end=self._end)
        between = [self.control.callback(steps)] if self.control else []
        return [*between, *([self.stopping] if self.stopping else []), own]

    def _resume(self, found: Checkpoint) -> None:
        found.restore(self.model, self.stopping)
        for metrics in found.history:
            self._tell(metrics)

    def _end(self, epoch: int, logs: Mapping[str, float]) -> None:
        _still_numbers(epoch + 1, logs)
        metrics = {name: float(value) for name, value in logs.items()}
        metrics |= self.watch(self.model) if self.watch else {}
        if self.checkpoints:
            self.checkpoints.save(Checkpoint.of(self.model, self.stopping, [*self.history, metrics]))
        self._tell(metrics)

    def _tell(self, metrics: dict[str, float]) -> None:
        self.history.append(metrics)
        self.on_epoch(len(self.history), metrics)
        if self.control:
            self.control.epoch(len(self.history), metrics)


def _adapt(model: Any, graph: Graph, source: Source, rows: Indices, taken: Collection[str]) -> None:
    """Let every scaling that learns from data see what the training windows come to before it, and only those."""
    import keras

    adapting = {name: features for name, features in graph.adapting.items() if name not in taken}
    for name, features in adapting.items():
        layer = model.get_layer(name)
        shown = [tensor for tensor in model.inputs if tensor.name in features]
        before = keras.Model({tensor.name: tensor for tensor in shown}, layer.input)
        layer.adapt(_seen(before, source, rows, features))


def _seen(before: Any, source: Source, rows: Indices, features: tuple[str, ...]) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), _GATHER):
        yield np.asarray(before.predict_on_batch(inputs(source, rows[start : start + _GATHER], features)))


def _stopping(training: TrainingParams) -> Any | None:
    import keras

    if training.early_stopping is None:
        return None
    least: Any = training.min_improvement  # Keras takes a float, but declares none
    return keras.callbacks.EarlyStopping("val_loss", least, training.early_stopping, restore_best_weights=True)


def _still_numbers(epoch: int, logs: Mapping[str, float]) -> None:
    for name, value in logs.items():
        if not math.isfinite(value):
            fix = "scale the features or lower learning_rate"
            raise Refused("training", f"{name} is {value} after epoch {epoch}", fix)
