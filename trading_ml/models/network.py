"""Code first: a Python function of somebody's own that returns a Keras model, as a node of the graph.

    def build(inputs, head, *, units: int = 64):
        import keras

        x = keras.layers.Flatten()(inputs["ohlcv"])
        x = keras.layers.Dense(units, "relu")(x)
        return keras.Model(inputs, {"rises": head("rises", x)})

`inputs` are Keras inputs by feature, scaled where the project file says so; the keyword-only parameters are keys of the
project file. `head(label, x)` is the output that fits a label's kind; a function without it in its signature makes its
own. The model is any Keras model that answers with a mapping by label, or with one tensor where there is one label.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from inspect import signature
from typing import Any

from trading_ml.core.errors import BadParams, TradingError
from trading_ml.core.origin import imported
from trading_ml.core.signature import brief, params_of
from trading_ml.models.component import Component
from trading_ml.models.conform import by_label, check_answers, check_inputs, check_stored
from trading_ml.models.graph import Node
from trading_ml.models.runtime import quietly
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
        with quietly():
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
        told = by_label(self.use, self._applied(model, read), targets)
        check_answers(self.use, told, targets)
        check_stored(self.use, model)
        return {label: told[label] for label in targets}

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

    def _check_inputs(self, model: Any, features: Collection[str]) -> None:
        named = [tensor.name for tensor in model.inputs] if _form(model) is not None else features
        check_inputs(self.use, named, features)
        for feature in features:
            if feature not in named:
                fix = f"let it, or leave it out: features: [{', '.join(named)}]"
                raise BadParams(self.use, f"its model does not read '{feature}'", fix)


def _form(model: Any) -> Any:
    """Its inputs as they were put together; None of a model that knows them only once it has been called."""
    try:
        return model.input
    except (AttributeError, ValueError):
        return None
