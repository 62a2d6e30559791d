"""From parameters to a Keras functional model: inputs → scaling → the family's trunk → a head by the label's kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trading_ml.core.errors import BadParams, nearest
from trading_ml.models.components import scaled
from trading_ml.models.families import FAMILIES
from trading_ml.models.params import ModelParams, TrainingParams
from trading_ml.models.source import Source, Target, sole_target

_STEPS_PER_CALL = 4  # fewer trips between Python and the graph: a fifth off the epoch of a small net; same weights


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


def build(source: Source, params: ModelParams) -> Any:
    """The untrained model of a dataset; its inputs are the features, raw, and its output is the label.

    Raises:
        BadParams: when a scaling names no feature of the dataset, or does not fit it.
        BadInput: when the dataset has several labels.
    """
    import keras

    for feature in params.scale:
        if feature not in source.features:
            raise BadParams(f"model.scale.{feature}", "unknown feature", nearest(feature, source.features))
    inputs, ready = {}, {}
    for feature, shown in source.features.items():
        columns, scaling = shown["columns"], params.scale.get(feature, "none")
        inputs[feature] = keras.Input((shown["window"], len(columns)), dtype="float32", name=feature)
        ready[feature] = scaled(inputs[feature], scaling, feature, columns)
    trunk = FAMILIES[params.family](ready, params)
    return keras.Model(inputs, _answer(trunk, sole_target(source)), name=params.family)


def compiled(model: Any, target: Target, training: TrainingParams) -> Any:
    """The model with its optimizer, and the loss and metrics of the label's kind."""
    import keras

    head = HEADS[target.kind]
    rule = {"class_name": training.optimizer, "config": {"learning_rate": training.learning_rate}}
    model.compile(
        optimizer=keras.optimizers.get(rule), loss=head.loss, metrics=list(head.metrics),
        steps_per_execution=_STEPS_PER_CALL, jit_compile=False,
    )  # fmt: skip
    return model


def _answer(trunk: Any, target: Target) -> Any:
    from keras import layers

    units = len(target.classes or ()) if target.kind == "categorical" else 1
    return layers.Dense(units, HEADS[target.kind].activation, name=target.name)(trunk)
