"""Labels: what is to be predicted; they look ahead, and say with `label_end` how far; one file each, one line here."""

from __future__ import annotations

from trading_ml.labels.atr_rises import atr_rises
from trading_ml.labels.direction import direction
from trading_ml.labels.markers import label
from trading_ml.labels.proof import check
from trading_ml.labels.table import build
from trading_ml.labels.use import LabelUse

LABELS = {
    "atr_rises": atr_rises,
    "direction": direction,
}

__all__ = ["LABELS", "LabelUse", "build", "check", "label"]
