"""The asset between dataset and model of a project that searches; a fit of scikit-learn is a trial."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError

from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset
from trading_ml.defs import models as module
from trading_ml.defs.jobs import keys_of_models
from trading_ml.defs.orders import chosen, study
from trading_ml.defs.resources import LakeResource
from trading_ml.project import Project, load
from trading_ml.registry.study import TUNED
from trading_ml_tests.models.standin import Standin

FILE = """\
name: toy
instruments: ["test:A"]
bars: {every: 1m}
features:
  close: {use: momentum, window: 6}
  noise: {use: momentum}
labels:
  rises: {use: atr_rises}
split: {by: date, validation_from: 2024-02-05, test_from: 2024-02-09}
model: {family: logistic_regression, scale: {close: minmax}}
training: {threads: 1}
"""
TUNING = """\
tuning:
  objective: precision_at_recall(0.25)
  over:
    model.alpha: {low: 1.0e-3, high: 10, log: true}
  trials: 3
  parallel: 1
"""


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Standin:
    source = Standin(bars=300)
    monkeypatch.setattr(Dataset, "open", lambda *_: source)
    monkeypatch.setattr("trading_ml.registry.telling.figures", lambda space, told: {})
    return source


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "toy.yaml").write_text(FILE + TUNING)
    return load(tmp_path / "toy.yaml")


def test_a_search_has_an_asset_where_the_file_has_one(project: Project) -> None:
    parts = [key.path[-1] for key in keys_of_models(project)]
    assert parts == ["dataset", "tuning", "model", "version"]
    dataset, tuning, model, _ = module.models(project)
    assert tuning.asset_deps[dg.AssetKey(["toy", "tuning"])] == {dataset.key}
    assert model.asset_deps[dg.AssetKey(["toy", "model"])] == {dataset.key, tuning.key}
    without = project.model_copy(update={"tuning": None})
    assert [key.path[-1] for key in keys_of_models(without)] == ["dataset", "model", "version"]
    assert len(module.models(without)) == 3


def test_a_terminated_search_goes_on_and_the_model_learns_with_its_best(
    lake: Lake, project: Project, source: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, tuning, _, _ = module.models(project)
    resources, instance = {"lake": LakeResource(root=str(lake.root))}, dg.DagsterInstance.ephemeral()
    search = study(lake, source, project)  # pyright: ignore[reportArgumentType]
    with monkeypatch.context() as patched:
        patched.setattr("trading_ml.registry.trial.found", _interrupted(search))
        with pytest.raises(DagsterExecutionInterruptedError):
            dg.materialize([tuning], resources=resources, instance=instance)
    assert list(search.journal.told) == [0, 1]
    kept = search.journal.path.read_bytes()

    done = dg.materialize([tuning], resources=resources, instance=instance)
    assert search.journal.path.read_bytes().startswith(kept)
    (found,) = done.asset_materializations_for_node("toy__tuning")
    best = search.tuned().best
    assert found.metadata["complete"].value == 3
    assert found.metadata["parameters"].value == best.values
    assert str(found.metadata["trials"].value).count("\n") == 4
    said = [entry.user_message for entry in instance.all_logs(done.run_id)]
    assert any("trial 3 of 3, best so far precision_at_recall(0.25)" in line for line in said)
    asked = chosen(lake, source, project, {"asset_key": "toy/model"})  # pyright: ignore[reportArgumentType]
    assert asked.key(source) == best.trial.model_key
    assert asked.tags == {"asset_key": "toy/model", TUNED: f"{search.key}/{best.number}"}


def _interrupted(search: Any) -> Callable[..., None]:
    """Stands for a look for earlier trials, in which Dagster terminates the run once there are two."""

    def found(*_: object) -> None:
        if len(search.journal.told) == 2:
            signal.raise_signal(signal.SIGINT)

    return found
