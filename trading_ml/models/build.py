"""From a graph to a Keras functional model, and how the answers to labels are learnt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from trading_ml.core.errors import BadParams, TradingError, nearest
from trading_ml.models.form import Form
from trading_ml.models.graph import FIXED, INPUT, OUTPUT, Graph, Node
from trading_ml.models.metrics import fitting
from trading_ml.models.metrics import made as extra
from trading_ml.models.network import Network
from trading_ml.models.params import ModelParams, Precision, TrainingParams
from trading_ml.models.shapes import shape
from trading_ml.models.source import Kind, Source, Target, target

_STEPS_PER_CALL = 4  # fewer trips between Python and the graph: a fifth off the epoch of a small net; same weights
_LOSSES = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "huber": "huber", "log_cosh": "log_cosh"}


@dataclass(frozen=True)
class Head:
    """How a kind of label is answered, and by which loss the answer is learnt."""

    activation: str
    loss: str
    metrics: tuple[str, ...]


HEADS = {
    "binary": Head("sigmoid", "binary_crossentropy", ("accuracy",)),
    "categorical": Head("softmax", "sparse_categorical_crossentropy", ("accuracy",)),
    "numeric": Head("linear", "mean_squared_error", ("mean_absolute_error",)),
}


def graph_of(source: Form, params: ModelParams) -> Graph:
    """The graph that the parameters of a model come to on a dataset.

    Raises:
        BadParams: when it names a feature or label that the dataset does not have.
    """
    labels = list(dict.fromkeys(entry["name"] for entry in source.manifest["labels"]))
    return params.graph({name: shown["window"] for name, shown in source.features.items()}, labels)


def build(source: Form, graph: Graph, precision: Precision = "float32") -> Any:
    """The untrained model of a dataset; its inputs are raw features by name, its outputs labels by name.

    With one output the model gives a tensor, with several a mapping. What stands before the first layer that learns
    computes in float32, whatever the precision: a price has more digits than bfloat16.

    Raises:
        BadParams: naming the node, when it names no feature or label of the dataset, or does not fit what it reads.
    """
    import keras

    made: dict[str, Any] = {}
    for name in graph.order:
        node, read = graph.nodes[name], [made[other] for other in graph.nodes[name].reads]
        maker = _called if isinstance(node, Network) else _MAKERS.get(node.use, _applied)
        with _policy("float32" if node.use in FIXED else precision):
            made[name] = maker(name, graph, read, source)
    inputs = {feature: made[name] for feature, name in graph.features.items()}
    outputs = {label: made[name] for label, name in graph.labels.items()}
    return keras.Model(inputs, outputs if len(outputs) > 1 else next(iter(outputs.values())), name="model")


def answer(name: str, graph: Graph, source: Form) -> Target:
    """The label that an output answers.

    Raises:
        BadParams: naming the node, when the dataset has no such label, or its loss does not fit the label.
    """
    told, where = graph.nodes[name].settings, f"model.nodes.{name}"
    try:
        asked = target(source, told.label)
    except BadParams as error:
        raise BadParams(where, f"{error.culprit} {error.problem}", error.fix) from error
    if told.loss != "auto" and (told.loss == "crossentropy") != (asked.kind != "numeric"):
        kind = "numbers" if asked.kind == "numeric" else f"{len(asked.classes or ())} classes"
        raise BadParams(where, f"loss {told.loss} does not fit {told.label}, which is {kind}", "leave out loss")
    return asked


def compiled(model: Any, graph: Graph, source: Source, training: TrainingParams) -> Any:
    """The model with its optimizer, and for each output the loss and metrics of its label."""
    import keras

    steps = -(-len(source.indices("train")) // training.batch_size)
    rate = training.schedule.rate(training.learning_rate, max(steps, 1), training.epochs)
    rule = {"class_name": training.optimizer, "config": {"learning_rate": rate}}
    outputs = {label: graph.nodes[name].settings for label, name in graph.labels.items()}
    heads = {label: HEADS[target(source, label).kind] for label in outputs}
    loss = {label: _LOSSES.get(told.loss, heads[label].loss) for label, told in outputs.items()}
    kinds: dict[str, Kind] = {label: target(source, label).kind for label in outputs}
    fitting(training.metrics, kinds.values())
    metrics = {label: [*heads[label].metrics, *extra(training.metrics, kind)] for label, kind in kinds.items()}
    weights = {label: told.weight for label, told in outputs.items()}
    alone = next(iter(outputs)) if len(outputs) == 1 else None
    model.compile(
        optimizer=keras.optimizers.get(rule),
        loss=loss[alone] if alone else loss,
        metrics=metrics[alone] if alone else metrics,
        loss_weights=None if alone else weights,
        steps_per_execution=_STEPS_PER_CALL,
        jit_compile=False,
    )
    return model


@contextmanager
def _policy(precision: Precision) -> Iterator[None]:
    """Let layers that are made inside compute so; others of the process do not."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _input(name: str, graph: Graph, read: Sequence[Any], source: Form) -> Any:
    import keras

    feature = graph.nodes[name].settings.feature
    if feature not in source.features:
        raise BadParams(f"model.nodes.{name}", f"'{feature}' is no feature", nearest(feature, source.features))
    shown = source.features[feature]
    return keras.Input((shown["window"], len(shown["columns"])), dtype="float32", name=feature)


def _output(name: str, graph: Graph, read: Sequence[Any], source: Form) -> Any:
    told, (last,) = graph.nodes[name].settings, read
    asked = answer(name, graph, source)
    if isinstance(last, Mapping):  # a function's model has made it
        return last[told.label]
    if len(last.shape) != 2:
        problem = f"reads {shape(last)} of '{graph.nodes[name].reads[0]}', but a label is one answer a sample"
        raise BadParams(f"model.nodes.{name}", problem, "put flatten, mean_over_bars, lstm or gru before it")
    return _head(name, told, asked)(last)


def _head(name: str, told: Any, asked: Target) -> Any:
    """The layer that answers a label."""
    from keras import layers, regularizers

    penalty = regularizers.L1L2(told.l1, told.l2) if told.l1 or told.l2 else None
    return layers.Dense(
        asked.width, HEADS[asked.kind].activation, use_bias=told.use_bias, kernel_regularizer=penalty, dtype="float32",
        name=name,
    )  # fmt: skip


def _called(name: str, graph: Graph, read: Sequence[Any], source: Form) -> dict[str, Any]:
    """Answers by label of a function's model."""
    node = graph.nodes[name]
    assert isinstance(node, Network)
    targets = {label: answer(output, graph, source) for label, output in graph.labels.items()}

    def head(label: str, last: Any) -> Any:
        if label not in targets:
            raise BadParams(node.use, f"head('{label}', …): there is no such label", nearest(label, targets))
        if len(last.shape) != 2:
            problem = f"head('{label}', …) is given {shape(last)}, but a label is one answer a sample"
            raise BadParams(node.use, problem, "flatten it, or take its mean over the bars")
        output = graph.labels[label]
        return _head(output, graph.nodes[output].settings, targets[label])(last)

    features = [graph.shown(other)[0] for other in node.reads]
    return node.answers(name, dict(zip(features, read, strict=True)), targets, head)


def _applied(name: str, graph: Graph, read: Sequence[Any], source: Form) -> Any:
    node = graph.nodes[name]
    try:
        layer = node.component.layer(name, _columns(graph, node, source))
        return layer(read[0] if len(read) == 1 else list(read))
    except TradingError as error:
        raise BadParams(f"model.nodes.{name}", f"{error.culprit} {error.problem}", error.fix) from error
    except Exception as cause:
        given = " and ".join(f"{shape(tensor)} of '{other}'" for other, tensor in zip(node.reads, read, strict=True))
        problem = f"{node.use} cannot read {given}: {_said(cause)}"
        raise BadParams(
            f"model.nodes.{name}", problem, f"`trading-ml component show {node.use}` tells what it takes"
        ) from cause


def _said(cause: Exception) -> str:
    """What Keras says of a layer, without what the sentence tells already."""
    lines = [re.sub(r"\x1b\[\d*m", "", line).strip() for line in str(cause).splitlines()]
    told = next((line for line in lines if line and not line.startswith("Exception encountered")), type(cause).__name__)
    if asked := re.search(r"expected (?:min_)?ndim=(\d)", told):
        return "it takes (samples, bars, columns)" if asked[1] == "3" else "it takes (samples, columns)"
    return re.sub(r"\.? (Full shape received|Received).*", "", told).rstrip(".")


def _columns(graph: Graph, node: Node, source: Form) -> tuple[str, ...]:
    """Names of the columns where a node reads a feature itself."""
    first = graph.nodes[node.reads[0]]
    return tuple(source.features[first.settings.feature]["columns"]) if first.use == INPUT else ()


_MAKERS = {INPUT: _input, OUTPUT: _output}
