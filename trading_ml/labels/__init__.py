"""Labels: what is to be predicted; they look ahead, and say with `label_end` how far; one file each, one line here."""

from __future__ import annotations

from trading_ml.labels.atr_rises import atr_rises
from trading_ml.labels.direction import direction
from trading_ml.labels.first_touch import first_touch
from trading_ml.labels.fixed_horizon import fixed_horizon
from trading_ml.labels.markers import label
from trading_ml.labels.next_bars import next_bars
from trading_ml.labels.optimal_position import optimal_position
from trading_ml.labels.optimal_position_dp import optimal_position_dp
from trading_ml.labels.order_outcome import order_outcome
from trading_ml.labels.proof import check
from trading_ml.labels.table import build
from trading_ml.labels.triple_barrier import triple_barrier
from trading_ml.labels.use import LabelUse

LABELS = {
    "atr_rises": atr_rises,
    "direction": direction,
    "first_touch": first_touch,
    "fixed_horizon": fixed_horizon,
    "next_bars": next_bars,
    "optimal_position": optimal_position,
    "optimal_position_dp": optimal_position_dp,
    "order_outcome": order_outcome,
    "triple_barrier": triple_barrier,
}

__all__ = ["LABELS", "LabelUse", "build", "check", "label"]
