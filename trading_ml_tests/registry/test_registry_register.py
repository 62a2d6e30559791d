"""From a dataset to a judged version in MLflow, and what a killed run leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from trading_ml.core.errors import BadParams, NoData
from trading_ml.core.lake import Lake
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.pnl import PnlParams
from trading_ml.models.predict import predict
from trading_ml.models.train import weights_digest
from trading_ml.registry import judgement, openings, register
from trading_ml.registry.params import EvaluationParams, GateParams
from trading_ml.registry.register import Order
from trading_ml.registry.result import Result
from trading_ml.registry.store import Registry, connect, load_champion, location
from trading_ml_tests.models.standin import Standin

SCALE = {"close": "minmax", "noise": "zscore"}
ORDER = Order(
    project="volatility",
    model=resolve({"family": "dense", "units": [16], "scale": SCALE}),
    training=TrainingParams(epochs=6, batch_size=64, learning_rate=0.01),
    gate=GateParams(min_samples=300),
    description="Will it rise?",
    project_file="name: volatility\n",
    tags={"asset_key": "volatility/model", "dagster_run_id": "1234"},
)


def ordered(**change: object) -> Order:
    return Order(**{**vars(ORDER), **change})  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def source() -> Standin:
    return Standin(bars=1500)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("root with space") / "data")


@pytest.fixture(scope="module")
def epochs() -> list[int]:
    return []


@pytest.fixture(scope="module")
def first(root: Lake, source: Standin, epochs: list[int]) -> Result:
    return register.register(root, source, ORDER, lambda epoch, metrics: epochs.append(epoch))


def test_a_model_with_skill_becomes_champion(first: Result, source: Standin, epochs: list[int]) -> None:
    assert (first.model, first.version, first.alias, first.dataset) == ("volatility", 1, "champion", source.digest)
    assert first.gate.model_dump() == {"passed": True, "reasons": ()}
    assert epochs == list(range(1, len(epochs) + 1))
    assert epochs
    given = json.loads(first.model_dump_json())
    assert set(given) == {"model", "version", "alias", "dataset", "metrics", "gate"}
    assert given["metrics"]["test_roc_auc"] > 0.7 > given["metrics"]["test_roc_auc_logistic_on_last"]
    assert {"train_roc_auc", "validation_accuracy", "test_brier_majority"} <= set(given["metrics"])
    assert [row[""] for row in first.table()] == ["model", "majority", "persistence", "logistic_on_last"]
    assert first.table()[0]["roc_auc"] == given["metrics"]["test_roc_auc"]


def test_metrics_are_those_of_the_stored_model(first: Result, root: Lake, source: Standin) -> None:
    test = source.indices("test")
    p, answers = predict(load_champion(root, "volatility"), source, test)["rises"], source.answers[test]
    wins = (p[answers][:, None] > p[~answers]).mean() + (p[answers][:, None] == p[~answers]).mean() / 2
    assert first.metrics["test_roc_auc"] == pytest.approx(wins)
    assert first.metrics["test_samples"] == len(test)
    assert first.metrics["test_accuracy"] == pytest.approx(((p > 0.5) == answers).mean())


def test_the_version_remembers_where_it_comes_from(first: Result, root: Lake, source: Standin) -> None:
    registry = Registry.open(root, "volatility")
    version = registry.version("1")
    assert version.tags["dataset"] == source.digest
    assert version.tags["model_key"] == ORDER.key(source)
    assert version.tags["weights"] == weights_digest(load_champion(root, "volatility"))
    assert version.tags["asset_key"] == "volatility/model"
    assert version.tags["project_file"] == "name: volatility\n"
    assert version.tags["gate"] == "passed"
    assert {"git_commit", "dagster_run_id", "env.threads", "env.tensorflow", "best_epoch"} <= set(version.tags)
    assert "| model |" in version.description
    run = registry.client.get_run(str(version.run_id))
    assert run.info.status == "FINISHED"
    assert run.data.params["training.optimizer"] == "adam"
    assert run.data.params["model.units"] == "[16]"
    assert run.data.metrics["test_roc_auc"] == first.metrics["test_roc_auc"]
    assert run.inputs.dataset_inputs[0].dataset.digest == source.digest[:12]
    history = registry.client.get_metric_history(run.info.run_id, "val_loss")
    assert [entry.step for entry in history] == list(range(1, len(history) + 1))
    kept = {entry.path for entry in registry.client.list_artifacts(run.info.run_id, "test")}
    names = ["roc.png", "precision_recall.png", "calibration.png", "confusion.png", "evaluation.md", "judgement.json"]
    names += ["predictions.md"]
    assert kept == {f"test/{name}" for name in names}


def test_everything_lies_below_the_root(first: Result, root: Lake) -> None:
    tracking, artifacts = location(root)
    assert tracking == f"sqlite:///{root.root}/mlflow/mlflow.db"
    registry = Registry.open(root, "volatility")
    assert str(registry.version("1").source).removeprefix("file://").startswith(artifacts)
    assert not Path("mlruns").exists()
    assert not Path("mlflow.db").exists()


def test_the_same_order_again_trains_nothing_and_opens_nothing(
    first: Result, root: Lake, source: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "train", None)
    monkeypatch.setattr(register, "judge_version", None)
    assert register.register(root, source, ORDER) == first
    assert len(openings.opened(root, "volatility", source.digest)) == 1


def test_another_gate_judges_the_same_version_again_without_training(
    first: Result, root: Lake, source: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "train", None)
    strict = register.register(root, source, ordered(gate=GateParams(min_samples=10_000)))
    assert strict.version == first.version
    assert not strict.gate.passed
    assert strict.metrics == first.metrics
    assert register.register(root, source, ORDER) == first
    assert len(openings.opened(root, "volatility", source.digest)) == 1


def test_a_refused_version_leaves_the_champion(first: Result, root: Lake, source: Standin) -> None:
    model = resolve({"family": "dense", "units": [4], "scale": {"close": "relative_to_last"}})
    short = TrainingParams(epochs=1, learning_rate=1e-7)
    second = register.register(root, source, ordered(model=model, training=short))
    assert (second.version, second.alias, second.gate.passed) == (2, "candidate", False)
    assert second.gate.reasons
    registry = Registry.open(root, "volatility")
    assert registry.version("2").tags["gate_reasons"] == "; ".join(second.gate.reasons)
    champion = registry.champion()
    assert champion is not None
    assert int(champion.version) == 1
    assert register.register(root, source, ORDER).alias == "champion"
    assert openings.opened(root, "volatility", source.digest) == [
        registry.version(number).tags["model_key"] for number in ("1", "2")
    ]


def test_a_judgement_that_was_cut_short_is_made_again(
    root: Lake, first: Result, source: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = GateParams(min_samples=300, champion=False)  # pyright: ignore[reportArgumentType]
    order = ordered(training=TrainingParams(epochs=2, batch_size=64, learning_rate=0.02), gate=gate)

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(judgement, "_keep", cut)
        with pytest.raises(KeyboardInterrupt):
            register.register(root, source, order)
    monkeypatch.setattr(register, "train", None)
    found = register.register(root, source, order)
    assert found.gate.passed
    assert found.alias == "champion"


def test_a_run_that_comes_to_no_version_leaves_no_model(
    root: Lake, first: Result, source: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry.open(root, "volatility")
    before = {path.name for path in Path(location(root)[1], "volatility", "models").iterdir()}
    whole = register.log_model

    def cut(*given: object) -> None:
        whole(*given)  # pyright: ignore[reportArgumentType]
        raise KeyboardInterrupt

    monkeypatch.setattr(register, "log_model", cut)
    with pytest.raises(KeyboardInterrupt):
        register.register(root, source, ordered(training=TrainingParams(epochs=1, seed=98)))
    assert {path.name for path in Path(location(root)[1], "volatility", "models").iterdir()} == before
    assert {model.model_id for model in registry.client.search_logged_models([registry.experiment])} == before


def test_an_error_and_an_interruption_end_the_run(root: Lake, first: Result, source: Standin) -> None:
    registry = Registry.open(root, "volatility")

    def stop(epoch: int, metrics: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        register.register(root, source, ordered(training=TrainingParams(seed=99)), stop)
    with pytest.raises(ZeroDivisionError), registry.run("broken", {}, {}):
        _ = 1 / 0
    newest = registry.client.search_runs([registry.experiment], order_by=["attributes.start_time DESC"], max_results=2)
    assert [run.info.status for run in newest] == ["FAILED", "KILLED"]


def test_a_project_without_models_has_no_champion(root: Lake, first: Result, lake: Lake) -> None:
    for where in (lake, root):
        with pytest.raises(NoData, match="direction: has no models yet"):
            load_champion(where, "direction")
    assert not lake.root.exists()


def test_what_does_not_fit_the_label_is_refused_before_anything_is_written(lake: Lake) -> None:
    several, numbers = Standin(classes=["a", "b", "c"]), Standin(classes=None)
    wrong = {
        "gate.metric: roc_auc does not fit rises, which is categorical; choose one of log_loss, brier": (
            several, {"gate": GateParams(metric="roc_auc")},
        ),
        "gate.baselines: has none that fits rises, which is categorical; add one of majority, persistence": (
            several, {"gate": GateParams(baselines=("naive",))},
        ),
        "gate.baselines: naive does not fit rises, which is binary; leave it out": (
            Standin(), {"gate": GateParams(baselines=("naive", "majority"))},
        ),
        "gate.metric.rise: is no label of the model; did you mean 'rises'?": (
            numbers, {"gate": GateParams(metric={"rise": "mae"})},
        ),
        "evaluation.pnl: needs one label of two classes, not rises (numeric); leave it out": (
            numbers, {"evaluation": EvaluationParams(pnl=PnlParams())},
        ),
    }  # fmt: skip
    for said, (source, change) in wrong.items():
        with pytest.raises(BadParams, match=re.escape(said)):
            register.register(lake, source, ordered(**change))
    assert not lake.root.exists()


def test_an_interrupted_creation_of_the_store_leaves_none(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from trading_ml.registry import store

    def cut(database: Path, artifacts: str) -> None:
        database.write_bytes(b"half a database")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(store, "_create", cut)
        with pytest.raises(KeyboardInterrupt):
            connect(lake)
    assert not lake.path("mlflow", "mlflow.db").exists()
    assert connect(lake).search_experiments()


KILLED = """
import os, sys, time
from pathlib import Path
from trading_ml.core.lake import Lake
from trading_ml.registry.register import register
from trading_ml_tests.models.standin import Standin
from trading_ml_tests.registry.test_registry_register import ORDER, ordered
def pause(epoch, metrics):
    print(epoch, flush=True)
    time.sleep(60 if epoch == 2 else 0)
register(Lake(Path(sys.argv[1])), Standin(bars=1500), ordered(), pause)
"""


@pytest.mark.slow
def test_killed_while_training_then_the_same_command_gives_the_undisturbed_weights(
    root: Lake, first: Result, source: Standin, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "data")
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(lake.root)], stdout=subprocess.PIPE, cwd=Path.cwd())
    assert process.stdout is not None
    assert [process.stdout.readline().strip() for _ in range(2)] == [b"1", b"2"]
    time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert openings.opened(lake, "volatility", source.digest) == []
    found = register.register(lake, source, ORDER)
    assert found == first
    registry, undisturbed = Registry.open(lake, "volatility"), Registry.open(root, "volatility")
    assert registry.version("1").tags["weights"] == undisturbed.version("1").tags["weights"]
    runs = registry.client.search_runs([registry.experiment], order_by=["attributes.start_time ASC"])
    assert [run.info.status for run in runs] == ["FINISHED"]
    assert len(runs[0].inputs.dataset_inputs) == 1
    for name in ("loss", "val_loss"):
        logged, expected = (there.client.get_metric_history(run, name) for there, run in (
            (registry, runs[0].info.run_id), (undisturbed, str(undisturbed.version("1").run_id)),
        ))  # fmt: skip
        assert [(m.step, m.value) for m in logged] == [(m.step, m.value) for m in expected]
    assert not list(lake.path("checkpoints", "volatility").iterdir())
    assert not lake.sweep()
    assert not list(lake.path("tmp").iterdir())


def test_a_stopped_training_goes_on_in_its_run_whatever_else_is_asked(lake: Lake, source: Standin) -> None:
    told: list[int] = []

    def stop(epoch: int, metrics: object) -> None:
        told.append(epoch)
        if epoch == 2:
            raise KeyboardInterrupt

    training = TrainingParams(epochs=3, batch_size=256, early_stopping=None)
    with pytest.raises(KeyboardInterrupt):
        register.trained(lake, source, ordered(training=training), stop)
    registry = Registry.open(lake, "volatility")
    (broken,) = registry.client.search_runs([registry.experiment])
    assert broken.info.status == "KILLED"
    more = ordered(
        training=training.model_copy(update={"prefetch": 2, "keep_checkpoints": 1}), tags={"dagster_run_id": "5678"}
    )
    version = register.trained(lake, source, more, lambda epoch, metrics: told.append(epoch))
    assert told == [1, 2, 1, 2, 3]
    (run,) = registry.client.search_runs([registry.experiment])
    assert (run.info.run_id, run.info.status) == (broken.info.run_id, "FINISHED") == (version.run_id, "FINISHED")
    assert run.data.tags["dagster_run_id"] == version.tags["dagster_run_id"] == "5678"
    assert [m.step for m in registry.client.get_metric_history(run.info.run_id, "loss")] == [1, 2, 3]
    left = lake.path("checkpoints", "volatility", version.tags["model_key"])
    assert [path.name for path in left.iterdir()] == ["000003.npz"]
    register.trained(lake, source, ordered(training=training))
    assert not left.exists()


def test_a_run_killed_after_registering_has_finished(root: Lake, first: Result) -> None:
    registry = Registry.open(root, "volatility")
    run = str(registry.version("1").run_id)
    registry.client.update_run(run, status="RUNNING")
    assert registry.settle() == 1
    assert registry.client.get_run(run).info.status == "FINISHED"
    assert registry.settle() == 0


def test_predictions_do_not_depend_on_how_many_are_asked_for(root: Lake, first: Result, source: Standin) -> None:
    model, test = load_champion(root, "volatility"), source.indices("test")
    few, all_ = (predict(model, source, asked)["rises"] for asked in (test[:7], test))
    np.testing.assert_allclose(few, all_[:7], rtol=1e-6)
