"""The record of every model whose training was begun on a dataset: one line each, never removed.

What was tried and thrown away is as much a part of a search as what was kept, so a trial is recorded **before** its
training begins: one that is killed, diverges or is pruned stays on record. Trials are chosen among by the validation
part, which they wear out; the test part stays whole until it is opened (see `openings`).
"""

from __future__ import annotations

from collections import Counter

from trading_ml.core.lake import Lake
from trading_ml.registry.ledger import Ledger


def record(lake: Lake, project: str, dataset: str, model_key: str, what: str = "run") -> int:
    """Record that a training is about to begin; returns how many models were begun on `dataset`, this one included.

    A training that was broken off and goes on is not counted again: it comes to the same model.

    Args:
        lake: The data root.
        project: The project's name.
        dataset: Digest of the dataset.
        model_key: Digest of all that decides the model.
        what: What it is begun as: `run`, or the trial of a search.
    """
    return Ledger(lake, "trials", project, dataset).enter(model_key, "begun", {"what": what})


def begun(lake: Lake, project: str, dataset: str) -> list[str]:
    """Keys of the models whose training was begun on `dataset`, first to last."""
    return [entry["model_key"] for entry in Ledger(lake, "trials", project, dataset).entries()]


def count(lake: Lake, project: str, dataset: str) -> int:
    """How many there were, abandoned ones included."""
    return len(begun(lake, project, dataset))


def by_kind(lake: Lake, project: str, dataset: str) -> dict[str, int]:
    """How many there were of each `what`."""
    return dict(Counter(entry["what"] for entry in Ledger(lake, "trials", project, dataset).entries()))
