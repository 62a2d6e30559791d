"""Datasets: samples, splits without overlap, and windows gathered while training."""

from __future__ import annotations

from trading_ml.datasets.assembly import assemble, build
from trading_ml.datasets.dataset import Dataset
from trading_ml.datasets.events import promoted
from trading_ml.datasets.params import DatasetParams
from trading_ml.datasets.promotion import promote
from trading_ml.datasets.queue import queue
from trading_ml.datasets.report import describe
from trading_ml.datasets.samplers import SAMPLERS, SampleParams
from trading_ml.datasets.splits import SPLITS, SplitParams

__all__ = [
    "SAMPLERS",
    "SPLITS",
    "Dataset",
    "DatasetParams",
    "SampleParams",
    "SplitParams",
    "assemble",
    "build",
    "describe",
    "promote",
    "promoted",
    "queue",
]
