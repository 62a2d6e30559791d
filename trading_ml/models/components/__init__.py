"""Components: Keras layers of our own, one file each. Scalings live inside the model, so serving takes raw values."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal

Scaling = Literal["minmax", "relative", "zscore", "none"]
_LAYERS = {"minmax": "MinMax", "relative": "Relative", "zscore": "ZScore"}


def scaled(tensor: Any, scaling: Scaling, feature: str) -> Any:
    """A feature's window tensor after its scaling layer."""
    if scaling == "none":
        return tensor
    layer = getattr(import_module(f"{__name__}.{scaling}"), _LAYERS[scaling])
    return layer(name=layer_name(feature, scaling))(tensor)


def layer_name(feature: str, scaling: Scaling) -> str:
    """What the scaling layer of a feature is called in the graph."""
    return f"{feature}_{scaling}"
