"""Answers by the names of their classes, against hand-made ones."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from trading_ml.models.decoded import decoded
from trading_ml.models.source import Target
from trading_ml_tests.models.standin import MINUTE, Standin

LABELS = [
    Target("rises", ("rises",), ("no", "yes")),
    Target("side", ("side",), ("down", "flat", "up")),
    Target("path", ("path.1", "path.2"), None),
]
HAPPENED = {"rises": [1, 0], "side": [2, 1], "path.1": [0.5, 1.5], "path.2": [-1.0, 0.0]}
TOLD = {
    "rises": np.array([0.75, 0.5]),
    "side": np.array([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]]),
    "path": np.array([[0.25, 0.5], [1.0, 2.0]]),
}


class Answered(Standin):
    def labels(self, indices: np.ndarray, label: str) -> np.ndarray:
        return np.array(HAPPENED[label])[: len(indices)]


def test_classes_go_by_their_names_and_numbers_by_their_columns() -> None:
    source = Answered(bars=30)
    start = (source.bar[0] + 1) * MINUTE // 10**9
    assert decoded(source, np.array([0, 1]), LABELS, TOLD).to_dict(as_series=False) == {
        "instrument": ["simulated:ALFA", "simulated:ALFA"],
        "ts": [datetime.fromtimestamp(int(start) + 60 * n, UTC) for n in (0, 1)],
        "rises": ["yes", "no"], "rises.p": [0.75, 0.5], "rises.happened": ["yes", "no"],
        "side": ["down", "up"], "side.p": [0.5, 0.5], "side.happened": ["up", "flat"],
        "path.1": [0.25, 1.0], "path.1.happened": [0.5, 1.5],
        "path.2": [0.5, 2.0], "path.2.happened": [-1.0, 0.0],
    }  # fmt: skip


def test_yes_begins_above_the_threshold() -> None:
    found = decoded(Answered(bars=30), np.array([0, 1]), LABELS[:1], TOLD, {"rises": 0.75})
    assert (found["rises"].to_list(), found["rises.p"].to_list()) == (["no", "no"], [0.25, 0.5])


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label.name)
def test_nothing_is_decoded_to_nothing(label: Target) -> None:
    nothing = {"rises": np.empty(0), "side": np.empty((0, 3)), "path": np.empty((0, 2))}
    assert decoded(Answered(bars=30), np.arange(0), [label], nothing).is_empty()
