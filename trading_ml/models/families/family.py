"""What every family has."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from trading_ml.core.errors import BadParams, nearest
from trading_ml.core.params import Params
from trading_ml.models.components.output import Loss
from trading_ml.models.families.choice import Choice
from trading_ml.models.families.sketch import Sketch
from trading_ml.models.graph import Graph

Scaling = Literal["minmax", "relative_to_last", "relative_to_mid", "zscore", "log", "none"]
Scalings = Annotated[
    Annotated[Scaling, Tag("tagged-one")] | Annotated[tuple[Scaling, ...], Tag("tagged-several")],
    Discriminator(lambda raw: "tagged-one" if isinstance(raw, str) else "tagged-several"),
]
"""One, or several in the order in which they are applied."""
Units = tuple[Annotated[int, Field(ge=1)], ...]
Share = Annotated[float, Field(ge=0, lt=1)]
Penalty = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Head(Params):
    """How an output learns."""

    loss: Loss = "auto"
    """What is minimised; by default crossentropy for classes and the mean squared error for numbers."""
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """What it counts in the sum of the losses of all outputs."""


class Family(Choice):
    """A named graph with parameters: inputs, scalings, what the family puts between, and an output for each label."""

    draws: ClassVar[str]
    """What it puts between, in a line."""

    scale: dict[str, Scalings] = {}
    """Scaling of a feature inside the model, or several, one after the other; one that is not named arrives raw."""
    outputs: dict[str, Head] = {}
    """By label the `loss` of its output and its `weight` among the losses of all outputs."""

    @abstractmethod
    def trunk(self, sketch: Sketch) -> str:
        """Put down the nodes from the scaled inputs to the one that the outputs read; returns its name."""

    def graph(self, windows: Mapping[str, int], labels: Iterable[str]) -> Graph:
        """The whole graph.

        Args:
            windows: Bars that the model sees of each feature.
            labels: What it answers.

        Raises:
            BadParams: when it names a feature or a label that is not there.
        """
        windows, labels = self.chosen(windows, labels)
        for label in self.outputs:
            if label not in labels:
                raise BadParams(f"model.outputs.{label}", "unknown label", nearest(label, labels))
        sketch = Sketch(windows, self.scale)
        last = self.trunk(sketch)
        for label in labels:
            told = self.outputs[label].model_dump(exclude_defaults=True) if label in self.outputs else {}
            name = label.replace(".", "_")
            name = f"{name}_out" if name in sketch.nodes else name
            sketch.put(name, "output", last, label=label, **told, **self.head())
        return Graph.model_validate({"nodes": sketch.nodes})

    def head(self) -> Mapping[str, object]:
        """Parameters of the outputs."""
        return {}


def dense_stack(sketch: Sketch, last: str, units: Units, activation: str, dropout: float, l2: float = 0.0) -> str:
    """For each of `units` x ← dropout(activation(W x + b))."""
    for number, width in enumerate(units, start=1):
        penalty = {"l2": l2} if l2 else {}
        last = sketch.put(f"dense_{number}", "dense", last, units=width, activation=activation, **penalty)
        if dropout:
            last = sketch.put(f"dropout_{number}", "dropout", last, rate=dropout)
    return last
