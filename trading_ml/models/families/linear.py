"""The linear family: linear and logistic regression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from trading_ml.models.families.family import Family, Penalty
from trading_ml.models.families.sketch import Sketch


class Linear(Family):
    """Every value of every window has a weight; with a label of two classes this is logistic regression.

    With `l1` and `l2` it is the elastic net.
    Source: the options of Amazon SageMaker's Linear Learner, which calls `l2` wd and `normalize` normalize_data.

    Example:
        >>> list(Linear(family="linear").graph({"atr": 20}, ["rises"]).nodes)
        ['atr', 'atr_flat', 'rises']
    """

    draws: ClassVar = "windows, flat → outputs"

    family: Literal["linear"] = "linear"
    l1: Penalty = 0.0
    """Penalty on the absolute values of the weights."""
    l2: Penalty = 0.0
    """Penalty on the squares of the weights."""
    normalize: bool = False
    """Every value, after its feature's scaling, as its standard score on the training part."""
    use_bias: bool = True
    """Whether a constant is learnt beside the weights."""

    def trunk(self, sketch: Sketch) -> str:
        """All windows side by side."""
        flat = sketch.joined(sketch.ready.values())
        return sketch.put("normalized", "zscore", flat) if self.normalize else flat

    def head(self) -> Mapping[str, object]:
        """Its penalties are on the weights of the outputs: it has no others."""
        return {"l1": self.l1, "l2": self.l2, "use_bias": self.use_bias}
