"""The convolutional families: CNN, a stack of convolutions, and CDNN, one before a dense stack."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trading_ml.models.families.family import Family, Share, Units, dense_stack
from trading_ml.models.families.sketch import Sketch
from trading_ml.models.layer import Activation


class Cnn(Family):
    """A stack of convolutions along the bars, flattened, with a dense stack behind it where `units` asks for one.

    Windows of equal length go through it as one; one shorter than `kernel` goes round it.

    Example:
        >>> list(Cnn(family="cnn", filters=[8, 4], pool=2).graph({"atr": 20}, ["rises"]).nodes)
        ['atr', 'conv_1', 'pool_1', 'conv_2', 'pool_2', 'pool_2_flat', 'rises']
    """

    draws: ClassVar = "windows → (conv1d, max_pool) stack, flat → dense stack → outputs"

    family: Literal["cnn"] = "cnn"
    filters: Units = Field(default=(32, 32), min_length=1)
    """Patterns of each convolution."""
    kernel: Annotated[int, Field(ge=1)] = 5
    """Bars a pattern spans."""
    pool: Annotated[int, Field(ge=2)] | None = None
    """Bars of which the largest is kept after each convolution; none by default."""
    units: Units = ()
    """Width of each dense layer behind it."""
    activation: Activation = "relu"
    """Activation after each layer."""
    dropout: Share = 0.0
    """Share of each dense layer's outputs that is dropped while training."""

    def trunk(self, sketch: Sketch) -> str:
        """A stack of convolutions for each length of windows, all of it flat, then dense layers."""
        along, beside = sketch.sequences(self.kernel)
        ends = [self._convolved(sketch, name, "" if len(along) == 1 else f"{name}_") for name in along]
        flat = sketch.joined([*ends, *beside])
        return dense_stack(sketch, flat, self.units, self.activation, self.dropout)

    def _convolved(self, sketch: Sketch, last: str, prefix: str) -> str:
        for number, filters in enumerate(self.filters, start=1):
            name = f"{prefix}conv_{number}"
            last = sketch.put(
                name, "conv1d", last, filters=filters, kernel=self.kernel, activation=self.activation, padding="same"
            )
            if self.pool:
                last = sketch.put(f"{prefix}pool_{number}", "max_pool", last, size=self.pool)
        return last


class Cdnn(Cnn):
    """One convolution along the bars, and a dense stack behind it.

    Source: Epoch Builder's family of that name: one Conv1D of 32 or 128 filters, kernel 5.

    Example:
        >>> list(Cdnn(family="cdnn", units=[8]).graph({"atr": 20}, ["rises"]).nodes)
        ['atr', 'conv_1', 'conv_1_flat', 'dense_1', 'rises']
    """

    draws: ClassVar = "windows → conv1d, flat → dense stack → outputs"

    family: Literal["cdnn"] = "cdnn"  # pyright: ignore[reportIncompatibleVariableOverride]  the name of the family
    filters: Units = Field(default=(32,), min_length=1, max_length=1)
    units: Units = Field(default=(128, 64), min_length=1)
