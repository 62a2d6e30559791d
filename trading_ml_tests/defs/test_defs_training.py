"""A run that is terminated while it trains keeps its epochs, and the next one goes on to the same weights."""

from __future__ import annotations

import signal
from typing import Any

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError

from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset
from trading_ml.defs import models as module
from trading_ml.defs.resources import LakeResource
from trading_ml.models.control import Control
from trading_ml.models.standing import standings
from trading_ml.models.train import train
from trading_ml.project import Project
from trading_ml.registry.trainings import trainings
from trading_ml_tests.models.standin import Standin

PROJECT = Project.parse(
    {
        "name": "toy",
        "instruments": ["test:A"],
        "bars": {"every": "1m"},
        "features": {"close": {"use": "momentum", "window": 6}, "noise": {"use": "momentum"}},
        "labels": {"rises": {"use": "atr_rises"}},
        "split": {"by": "date", "validation_from": "2024-02-05", "test_from": "2024-02-09"},
        "model": {"family": "dense", "units": [4], "dropout": 0.2, "scale": {"close": "minmax"}},
        "training": {"epochs": 3, "batch_size": 50, "early_stopping": None},
    },
    "",
)


def test_a_terminated_run_keeps_its_epochs_and_the_next_one_goes_on(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, step = Standin(bars=300), Control.step

    def terminated(control: Control, number: int, steps: int, logs: Any = None) -> None:
        if control.standing.epoch == 1:
            signal.raise_signal(signal.SIGINT)  # what Dagster sends to the process of a run that is terminated
        step(control, number, steps, logs)

    def run() -> dg.ExecuteInProcessResult:
        return dg.materialize([module.models(PROJECT)[1]], resources={"lake": held}, instance=instance)

    monkeypatch.setattr(Dataset, "open", lambda *_: source)
    held, instance = LakeResource(root=str(lake.root)), dg.DagsterInstance.ephemeral()
    with monkeypatch.context() as patched:
        patched.setattr(Control, "step", terminated)
        with pytest.raises(DagsterExecutionInterruptedError):
            run()
    (broken,) = trainings(lake, "toy")
    assert (broken.state, broken.epoch) == ("interrupted", 1)
    (left,) = standings(lake, "toy")
    assert (left.state, left.epoch, left.run) == ("interrupted", 1, broken.run)
    assert not instance.get_runs()[0].is_success

    done = run()
    (made,) = done.asset_materializations_for_node("toy__model")
    assert made.metadata["weights"].value == train(source, PROJECT.model, PROJECT.training).weights_digest
    (whole,) = trainings(lake, "toy")
    assert (whole.run, whole.state, whole.epoch) == (broken.run, "finished", 3)
    assert not standings(lake, "toy")
    said = [entry.user_message for entry in instance.all_logs(done.run_id)]
    assert [line.partition(":")[0] for line in said if line.startswith("epoch ")] == ["epoch 1", "epoch 2", "epoch 3"]
