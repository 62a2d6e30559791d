"""What a project file says about its model and its training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trading_ml.core.params import Params
from trading_ml.models.families import ModelParams
from trading_ml.models.metrics import MetricNames
from trading_ml.models.schedule import Constant, ScheduleParams
from trading_ml.models.transfer import StartFrom
from trading_ml.models.weights import ClassWeight

Optimizer = Literal["adam", "adamw", "nadam", "adamax", "adagrad", "adadelta", "rmsprop", "lion", "ftrl", "sgd"]
Precision = Literal["float32", "mixed_bfloat16"]


class TrainingParams(Params):
    """How a model is trained. The same parameters on the same dataset give the same weights, bit for bit.

    Example:
        >>> TrainingParams.parse({"epochs": 20, "optimizer": "adam"}, "training").batch_size
        512
    """

    epochs: int = Field(default=20, ge=1)
    """Passes over the training part at most."""
    batch_size: int = Field(default=512, ge=1)
    """Samples per step of the optimizer."""
    optimizer: Optimizer = "adam"
    """Rule by which a gradient becomes a step."""
    learning_rate: float = Field(default=1e-3, gt=0, allow_inf_nan=False)
    """Size of a step; of the first one where a schedule lets it fall."""
    schedule: ScheduleParams = Constant()
    """How the learning rate falls: `constant`, `inverse_time`, `exponential` or `cosine`."""
    early_stopping: int | None = Field(default=3, ge=1)
    """Epochs without a lower validation loss after which training stops and the best epoch's weights return."""
    min_improvement: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """How much lower, in units of the loss, the validation loss must be to count as lower."""
    class_weight: ClassWeight = "none"
    """What classes count: `balanced`, all the same in sum; or class → weight, 1 where none is given; or `none`."""
    metrics: MetricNames = ()
    """Further metrics after each epoch, each for the labels it fits."""
    precision: Precision = "float32"
    """In which numbers are multiplied; with `mixed_bfloat16` weights, scalings and answers stay in float32."""
    device: str = Field(default="cpu", pattern=r"^(cpu|gpu:\d+)$")
    """Where it is trained: `cpu`, or `gpu:` and a number from 0."""
    datasets: tuple[str, ...] = ()
    """Other projects with the same features and labels, whose promoted datasets are learnt from as well."""
    start_from: StartFrom | None = None
    """A version from which nodes take their first weights."""
    seed: int = Field(default=7, ge=0, lt=2**32)
    """Seed of initial weights, dropout and the order of samples."""
    threads: int = Field(default=2, ge=1)
    """Threads of one operation; sums split over threads differ in their last bits, so the weights depend on it."""
    prefetch: int = Field(default=1, ge=1)
    """Threads that gather batches ahead of the step that needs them; the weights do not depend on it."""
    keep_checkpoints: int = Field(default=0, ge=0)
    """Epochs, the last ones, whose checkpoints stay once the version is registered; until then two stay at least."""


__all__ = ["ModelParams", "TrainingParams"]
