"""The record of who looked at a dataset's test part: one line per model, never removed.

Each look is a chance to be lucky, so the gate grows stricter with their number.
"""

from __future__ import annotations

from trading_ml.core.lake import Lake
from trading_ml.registry.ledger import Ledger


def opened(lake: Lake, project: str, dataset: str) -> list[str]:
    """Keys of the models that were judged on the test part of `dataset` (a digest), first to last."""
    return [entry["model_key"] for entry in Ledger(lake, "openings", project, dataset).entries()]


def record(lake: Lake, project: str, dataset: str, model_key: str) -> int:
    """Record that a model is about to be judged, before it is; returns how many were, this one included.

    A model that was recorded before is not counted again: it learns nothing new.
    """
    return Ledger(lake, "openings", project, dataset).enter(model_key, "opened", {})
