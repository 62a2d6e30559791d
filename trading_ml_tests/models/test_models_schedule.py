"""The rate of each step by the formulas, in plain Python, and as the optimizer takes it."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from trading_ml.models import runtime
from trading_ml.models.build import build, compiled, graph_of
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.schedule import SCHEDULES
from trading_ml_tests.models.standin import Standin

runtime.start()

FORMULAS: dict[str, tuple[dict[str, float], Callable[[float], float]]] = {
    "constant": ({}, lambda epochs: 1.0),
    "inverse_time": ({"decay": 0.5}, lambda epochs: 1 / (1 + 0.5 * epochs)),
    "exponential": ({"factor": 0.8}, lambda epochs: 0.8**epochs),
    "cosine": ({"floor": 0.1}, lambda epochs: 0.1 + 0.9 * (1 + math.cos(math.pi * epochs / 4)) / 2),
}


@pytest.mark.parametrize("use", SCHEDULES)
def test_the_rate_falls_by_its_formula(use: str) -> None:
    source, (params, formula) = Standin(bars=400), FORMULAS[use]
    asked = {"epochs": 4, "batch_size": 100, "learning_rate": 0.02, "schedule": {"use": use, **params}}
    graph = graph_of(source, resolve({"family": "linear"}))
    optimizer = compiled(build(source, graph), graph, source, TrainingParams.parse(asked, "training")).optimizer
    optimizer.build([])
    steps = math.ceil(len(source.indices("train")) / 100)
    for step in range(4 * steps + 1):
        optimizer.iterations.assign(step)
        assert float(optimizer.learning_rate) == pytest.approx(0.02 * formula(step / steps), rel=1e-5)
    assert FORMULAS.keys() == SCHEDULES.keys()
