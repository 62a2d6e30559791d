"""The dense family: every window flattened, side by side, through a stack of fully connected layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from trading_ml.core.params import Params
from trading_ml.models.components import Scaling


class DenseParams(Params):
    """Parameters of the dense family.

    Example:
        >>> DenseParams.parse({"family": "dense", "units": [128, 64]}, "model").units
        (128, 64)
    """

    family: Literal["dense"]
    units: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(128, 64), min_length=1)
    """Width of each layer, from the inputs on."""
    activation: Literal["relu", "elu", "gelu", "selu", "silu", "tanh"] = "relu"
    """Activation after each layer."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of each layer's outputs that is dropped while training."""
    l2: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Penalty on the squares of the kernels."""
    scale: dict[str, Scaling] = {}
    """Scaling of a feature inside the model; a feature that is not named arrives raw."""


def trunk(inputs: Mapping[str, Any], params: DenseParams) -> Any:
    """For each of `units` x ← dropout(activation(W x + b)), x being the flattened inputs one after the other.

    Args:
        inputs: Scaled tensors (samples, window, columns), by feature.
        params: Width, activation and regularisation.

    Returns:
        A tensor (samples, units of the last layer).
    """
    from keras import layers, regularizers

    flat = [layers.Flatten(name=f"{feature}_flat")(tensor) for feature, tensor in inputs.items()]
    x = layers.Concatenate(name="inputs")(flat) if len(flat) > 1 else flat[0]
    for number, units in enumerate(params.units, start=1):
        penalty = regularizers.L2(params.l2) if params.l2 else None
        x = layers.Dense(units, params.activation, kernel_regularizer=penalty, name=f"dense_{number}")(x)
        if params.dropout:
            x = layers.Dropout(params.dropout, name=f"dropout_{number}")(x)
    return x
