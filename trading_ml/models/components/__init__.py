"""Components, one file each: what a model is put together from. Importing them does not import Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trading_ml.models.components.attention import attention
from trading_ml.models.components.batch_norm import batch_norm
from trading_ml.models.components.concatenate import concatenate
from trading_ml.models.components.conv1d import conv1d
from trading_ml.models.components.dense import dense
from trading_ml.models.components.dropout import dropout
from trading_ml.models.components.flatten import flatten
from trading_ml.models.components.gru import gru
from trading_ml.models.components.input import input  # noqa: A004  as in a project file
from trading_ml.models.components.layer_norm import layer_norm
from trading_ml.models.components.log import log
from trading_ml.models.components.lstm import lstm
from trading_ml.models.components.max_pool import max_pool
from trading_ml.models.components.mean_over_bars import mean_over_bars
from trading_ml.models.components.minmax import minmax
from trading_ml.models.components.output import output
from trading_ml.models.components.position import position
from trading_ml.models.components.relative_to_last import relative_to_last
from trading_ml.models.components.relative_to_mid import relative_to_mid
from trading_ml.models.components.residual import residual
from trading_ml.models.components.zscore import zscore

COMPONENTS: dict[str, Callable[..., Any]] = {
    "input": input,
    "minmax": minmax,
    "relative_to_last": relative_to_last,
    "relative_to_mid": relative_to_mid,
    "zscore": zscore,
    "log": log,
    "dense": dense,
    "conv1d": conv1d,
    "max_pool": max_pool,
    "lstm": lstm,
    "gru": gru,
    "attention": attention,
    "position": position,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "dropout": dropout,
    "flatten": flatten,
    "mean_over_bars": mean_over_bars,
    "concatenate": concatenate,
    "residual": residual,
    "output": output,
}
"""By name, as the data flows."""
