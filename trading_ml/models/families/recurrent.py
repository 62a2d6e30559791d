"""The recurrent families: LSTM, GRU, and CLSTM, a convolution before an LSTM."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trading_ml.models.families.family import Family, Share, Units, dense_stack
from trading_ml.models.families.sketch import Sketch
from trading_ml.models.layer import Activation


class _Recurrent(Family):
    """Layers that carry a state along the bars, and a dense stack behind them where `hidden` asks for one.

    Windows of equal length go through them as one; a window of one bar goes round them.
    """

    cell: ClassVar[str]

    units: Units = Field(default=(64,), min_length=1)
    """Width of each layer's state."""
    hidden: Units = ()
    """Width of each dense layer behind them."""
    activation: Activation = "relu"
    """Activation after each dense layer."""
    dropout: Share = 0.0
    """Share of each layer's inputs that is dropped while training."""

    def trunk(self, sketch: Sketch) -> str:
        """A stack for each length of windows, their last states side by side, then dense layers."""
        along, beside = sketch.sequences()
        ends = [self._carried(sketch, name, "" if len(along) == 1 else f"{name}_") for name in along]
        return dense_stack(sketch, sketch.joined(beside, ends), self.hidden, self.activation, self.dropout)

    def _carried(self, sketch: Sketch, last: str, prefix: str) -> str:
        for number, units in enumerate(self.units, start=1):
            more = {"sequence": True} if number < len(self.units) else {}
            name = f"{prefix}{self.cell}_{number}"
            last = sketch.put(name, self.cell, last, units=units, dropout=self.dropout, **more)
        return last


class Lstm(_Recurrent):
    """A stack of LSTM layers.

    Example:
        >>> list(Lstm(family="lstm", units=[8, 4]).graph({"atr": 20}, ["rises"]).nodes)
        ['atr', 'lstm_1', 'lstm_2', 'rises']
    """

    draws: ClassVar = "windows → lstm stack → outputs"
    cell: ClassVar = "lstm"

    family: Literal["lstm"] = "lstm"


class Gru(_Recurrent):
    """A stack of GRU layers.

    Example:
        >>> list(Gru(family="gru").graph({"atr": 20}, ["rises"]).nodes)
        ['atr', 'gru_1', 'rises']
    """

    draws: ClassVar = "windows → gru stack → outputs"
    cell: ClassVar = "gru"

    family: Literal["gru"] = "gru"


class Clstm(_Recurrent):
    """One convolution along the bars, and a stack of LSTM layers behind it.

    Source: Epoch Builder's family of that name: Conv1D with 32 filters of 5 bars first.

    Example:
        >>> list(Clstm(family="clstm").graph({"atr": 20}, ["rises"]).nodes)
        ['atr', 'conv_1', 'lstm_1', 'rises']
    """

    draws: ClassVar = "windows → conv1d → lstm stack → outputs"
    cell: ClassVar = "lstm"

    family: Literal["clstm"] = "clstm"
    filters: Annotated[int, Field(ge=1)] = 32
    """Patterns of the convolution."""
    kernel: Annotated[int, Field(ge=1)] = 5
    """Bars a pattern spans."""

    def _carried(self, sketch: Sketch, last: str, prefix: str) -> str:
        name = f"{prefix}conv_1"
        last = sketch.put(name, "conv1d", last, filters=self.filters, kernel=self.kernel, padding="same")
        return super()._carried(sketch, last, prefix)
