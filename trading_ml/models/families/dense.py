"""The dense family: every window flattened, side by side, through a stack of fully connected layers."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from trading_ml.models.families.family import Family, Penalty, Share, Units, dense_stack
from trading_ml.models.families.sketch import Sketch
from trading_ml.models.layer import Activation


class Dense(Family):
    """A multilayer perceptron.

    Example:
        >>> list(Dense(family="dense", units=[8]).graph({"atr": 20}, ["rises"]).nodes)
        ['atr', 'atr_flat', 'dense_1', 'rises']
    """

    draws: ClassVar = "windows, flat → dense stack → outputs"

    family: Literal["dense"] = "dense"
    units: Units = Field(default=(128, 64), min_length=1)
    """Width of each layer, from the inputs on."""
    activation: Activation = "relu"
    """Activation after each layer."""
    dropout: Share = 0.0
    """Share of each layer's outputs that is dropped while training."""
    l2: Penalty = 0.0
    """Penalty on the squares of the kernels."""

    def trunk(self, sketch: Sketch) -> str:
        """Flat windows, then the stack."""
        flat = sketch.joined(sketch.ready.values())
        return dense_stack(sketch, flat, self.units, self.activation, self.dropout, self.l2)
