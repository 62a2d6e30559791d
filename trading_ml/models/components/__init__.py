"""Components: Keras layers of our own, one file each. Scalings live inside the model, so serving takes raw values."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal

Scaling = Literal["minmax", "relative_to_last", "relative_to_mid", "zscore", "log", "none"]
_LAYERS = {
    "minmax": "MinMax",
    "relative_to_last": "RelativeToLast",
    "relative_to_mid": "RelativeToMid",
    "zscore": "ZScore",
    "log": "Log",
}


def scaled(tensor: Any, scaling: Scaling, feature: str, columns: Sequence[str]) -> Any:
    """A feature's window tensor after its scaling layer.

    Raises:
        BadParams: when the scaling asks for columns that the feature does not have.
    """
    if scaling == "none":
        return tensor
    module = _module(scaling)
    options = {"between": module.between(feature, columns)} if scaling == "relative_to_mid" else {}
    return getattr(module, _LAYERS[scaling])(name=layer_name(feature, scaling), **options)(tensor)


def layer_name(feature: str, scaling: Scaling) -> str:
    """What the scaling layer of a feature is called in the graph."""
    return f"{feature}_{scaling}"


def register() -> None:
    """Make all components known to Keras, so that models can come from files in a process that has built none."""
    for scaling in _LAYERS:
        _module(scaling)


def _module(scaling: str) -> Any:
    return import_module(f"{__name__}.{scaling}")
