"""Code first: a Python function of somebody's own that returns a Keras model, as a node of the graph.

    def build(inputs, head, *, units: int = 64) -> keras.Model:
        x = keras.layers.Flatten()(inputs["ohlcv"])
        x = keras.layers.Dense(units, "relu")(x)
        return keras.Model(inputs, {"rises": head("rises", x)})

`inputs` are Keras inputs by feature, scaled where the project file says so; the keyword-only parameters are keys of the
project file. `head(label, x)` is the output that fits a label's kind; a function without it in its signature makes its
own. The model is any Keras model that answers with a mapping by label, or with one tensor where there is one label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from inspect import signature
from typing import Any

from trading_ml.core.errors import BadParams, TradingError, nearest
from trading_ml.core.origin import imported
from trading_ml.core.signature import brief, params_of
from trading_ml.models.component import Component
from trading_ml.models.graph import Node
from trading_ml.models.shapes import shape
from trading_ml.models.source import Target

GIVEN = ("inputs", "head")
Head = Callable[[str, Any], Any]
"""Output of a label, made of a tensor of shape (samples, columns)."""


class Network(Node):
    """A node that reads all inputs and answers all labels."""

    @cached_property
    def component(self) -> Component:
        """The function with its parameters.

        Raises:
            Unknown: when there is none. BadParams: when it is not of the form above, or takes no such parameters.
        """
        function = imported(self.use)
        taken = list(signature(function).parameters)[: len(GIVEN)]
        if taken[:1] != ["inputs"]:
            raise BadParams(self.use, "its first parameter is not 'inputs'", "write def build(inputs, head, *, …)")
        return Component(
            self.use, function, params_of(function, self.use, GIVEN).parse(self.model_extra or {}, self.use)
        )

    def answers(self, name: str, read: Mapping[str, Any], targets: Mapping[str, Target], head: Head) -> dict[str, Any]:
        """Answers by label: the function's model, applied to what the node reads.

        Args:
            name: What the model is called as a layer of the whole.
            read: Tensors by feature.
            targets: Labels by name.
            head: Makes an output.

        Raises:
            BadParams: naming the function, when it fails, or its model does not fit features or labels.
        """
        import keras

        inputs = {feature: keras.Input(tensor.shape[1:], name=feature) for feature, tensor in read.items()}
        given = {"inputs": inputs, "head": head}
        model = self._called({key: given[key] for key in GIVEN if key in signature(self.component.function).parameters})
        if not isinstance(model, keras.Model):
            raise BadParams(self.use, f"returns {type(model).__name__}", "return keras.Model(inputs, outputs)")
        model.name = name
        self._check_inputs(model, inputs)
        told = self._applied(model, read)
        alone = next(iter(targets))
        by_label = told if isinstance(told, Mapping) else {alone: told} if len(targets) == 1 and _one(told) else None
        if by_label is None:
            problem = f"answers with {type(told).__name__}"
            raise BadParams(self.use, problem, f"return keras.Model(inputs, {{'{alone}': …}}), by label")
        self._check_answers(by_label, targets)
        self._check_stored(model)
        return {label: by_label[label] for label in targets}

    def _called(self, given: Mapping[str, Any]) -> Any:
        try:
            return self.component.function(**given, **dict(self.settings))
        except TradingError:
            raise
        except Exception as cause:
            raise BadParams(self.use, f"fails when called: {brief(cause)}") from cause

    def _applied(self, model: Any, read: Mapping[str, Any]) -> Any:
        """What the model makes of the tensors, given in the form in which it takes its inputs."""
        form = _form(model)
        if form is None and len(read) == 1 and type(model).__name__ == "Sequential":
            form = next(iter(read.values()))
        try:
            if isinstance(form, Mapping):
                return model({key: read[tensor.name] for key, tensor in form.items()})
            if isinstance(form, list | tuple):
                return model([read[tensor.name] for tensor in form])
            return model(dict(read) if form is None else next(iter(read.values())))
        except Exception as cause:
            raise BadParams(self.use, f"its model cannot read the features: {brief(cause)}") from cause

    def _check_inputs(self, model: Any, inputs: Mapping[str, Any]) -> None:
        named = [tensor.name for tensor in model.inputs] if _form(model) is not None else list(inputs)
        for name in named:
            if name not in inputs:
                raise BadParams(self.use, f"its model has an input '{name}', no feature", nearest(name, inputs))
        for feature in inputs:
            if feature not in named:
                fix = f"let it, or leave it out: features: [{', '.join(named)}]"
                raise BadParams(self.use, f"its model does not read '{feature}'", fix)

    def _check_answers(self, told: Mapping[str, Any], targets: Mapping[str, Target]) -> None:
        for label in told:
            if label not in targets:
                raise BadParams(self.use, f"answers '{label}', which is no label", nearest(label, targets))
        for label, target in targets.items():
            if label not in told:
                raise BadParams(self.use, f"does not answer '{label}'", f"add it: {{'{label}': head('{label}', x)}}")
            if told[label].shape[1:] != (target.width,):
                kind = {"binary": "of 2 classes", "numeric": "a number"}.get(target.kind, "of several classes")
                problem = f"answers {shape(told[label])} to '{label}', {kind}: (samples, {target.width}) is expected"
                raise BadParams(self.use, problem, f"end in head('{label}', x), which fits")

    def _check_stored(self, model: Any) -> None:
        """See whether a process that has not run the function could open the model."""
        from keras import saving

        try:
            saving.deserialize_keras_object(saving.serialize_keras_object(model))
        except Exception as cause:
            fix = "decorate layers of your own with @keras.saving.register_keras_serializable, and use no Lambda"
            raise BadParams(self.use, f"its model could not be opened again: {brief(cause)[:200]}", fix) from cause


def _one(told: Any) -> bool:
    return hasattr(told, "shape")


def _form(model: Any) -> Any:
    """Its inputs as they were put together; None of a model that knows them only once it has been called."""
    try:
        return model.input
    except (AttributeError, ValueError):
        return None
