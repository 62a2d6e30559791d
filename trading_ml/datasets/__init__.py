"""Datasets: samples, splits without overlap, and windows gathered while training."""

from __future__ import annotations

from trading_ml.datasets.assembly import build
from trading_ml.datasets.dataset import Dataset
from trading_ml.datasets.params import DatasetParams
from trading_ml.datasets.promotion import promote, promoted
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
    "build",
    "describe",
    "promote",
    "promoted",
]
