"""The transformer family: an encoder over the bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trading_ml.models.families.family import Family, Share
from trading_ml.models.families.sketch import Sketch


class Transformer(Family):
    """Bars are projected to `width`, told their place, and look at each other in `blocks` blocks; then their mean.

    A block is attention and a dense layer of `hidden` units, each added to what it read and normalised.
    Windows of equal length go through it as one; a window of one bar goes round it.
    Source: the encoder of Vaswani et al., Attention Is All You Need (2017).

    Example:
        >>> list(Transformer(family="transformer", blocks=0).graph({"atr": 20}, ["rises"]).nodes)
        ['atr', 'project', 'place', 'mean', 'rises']
    """

    draws: ClassVar = "windows → dense, position → (attention, dense) blocks → mean over bars → outputs"

    family: Literal["transformer"] = "transformer"
    width: Annotated[int, Field(ge=1)] = 32
    """Columns that every bar is projected to."""
    blocks: Annotated[int, Field(ge=0)] = 2
    """How many blocks."""
    heads: Annotated[int, Field(ge=1)] = 4
    """Heads of each attention; each is width / heads wide."""
    hidden: Annotated[int, Field(ge=1)] = 64
    """Width of each block's dense layer."""
    dropout: Share = 0.0
    """Share that is dropped in attention and after dense layers while training."""

    def trunk(self, sketch: Sketch) -> str:
        """An encoder for each length of windows, their means side by side."""
        along, beside = sketch.sequences()
        return sketch.joined(beside, [self._encoded(sketch, n, "" if len(along) == 1 else f"{n}_") for n in along])

    def _encoded(self, sketch: Sketch, last: str, prefix: str) -> str:
        last = sketch.put(f"{prefix}project", "dense", last, units=self.width)
        last = sketch.put(f"{prefix}place", "position", last)
        for number in range(1, self.blocks + 1):
            last = self._block(sketch, last, f"{prefix}{{}}_{number}".format)
        return sketch.put(f"{prefix}mean", "mean_over_bars", last)

    def _block(self, sketch: Sketch, last: str, name: Callable[[str], str]) -> str:
        wide = max(1, self.width // self.heads)
        looked = sketch.put(name("look"), "attention", last, heads=self.heads, width=wide, dropout=self.dropout)
        last = sketch.put(name("norm"), "layer_norm", sketch.put(name("add"), "residual", last, looked))
        hidden = sketch.put(name("dense"), "dense", last, units=self.hidden, activation="gelu")
        back = sketch.put(name("back"), "dense", hidden, units=self.width)
        if self.dropout:
            back = sketch.put(name("drop"), "dropout", back, rate=self.dropout)
        return sketch.put(name("norm_out"), "layer_norm", sketch.put(name("add_out"), "residual", last, back))
