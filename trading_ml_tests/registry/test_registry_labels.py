"""A model of three labels, of two classes, of three, of two numbers: from training to a verdict, and what is shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trading_ml.core.lake import Lake
from trading_ml.models.build import build, graph_of
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.pnl import PnlParams
from trading_ml.models.predict import predict
from trading_ml.registry import register
from trading_ml.registry.exam import sit
from trading_ml.registry.params import EvaluationParams, GateParams
from trading_ml.registry.register import Order
from trading_ml.registry.result import Result
from trading_ml.registry.store import Registry, artifact, load_champion
from trading_ml_tests.models.standin import Mixed
from trading_ml_tests.registry.test_registry_trading import by_day

NODES = {
    "close": {"use": "input", "feature": "close"},
    "ranged": {"use": "minmax"},
    "flat": {"use": "flatten"},
    "hidden": {"use": "dense", "units": 16, "activation": "relu"},
    "rise": {"use": "output", "label": "rises"},
    "moves": {"use": "output", "label": "moves"},
    "path": {"use": "output", "label": "path"},
}
ORDER = Order(
    project="mixed",
    model=resolve({"nodes": NODES}),
    training=TrainingParams(epochs=5, batch_size=64, learning_rate=0.03),
    gate=GateParams(min_samples=300, metric={"path": "mae"}),
)


class Quoted(Mixed):
    """With the bars that it was made from."""

    @property
    def manifest(self) -> dict[str, Any]:
        return super().manifest | {"params": {"bars": {"every": "1m"}}}


def ordered(**change: object) -> Order:
    return Order(**{**vars(ORDER), **change})  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def source() -> Quoted:
    return Quoted(bars=1100)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, source: Quoted) -> Lake:
    root = Lake(tmp_path_factory.mktemp("mixed") / "data")
    for name, series in zip(source.instruments, source.series, strict=True):
        for day, bars in by_day(series[:, 0].astype(np.float64)):
            root.table("bars", "1m").write(name, day, bars, inputs="hand")
    return root


@pytest.fixture(scope="module")
def first(root: Lake, source: Quoted) -> Result:
    return register.register(root, source, ORDER)


def test_skill_in_every_label_makes_a_champion(first: Result) -> None:
    assert first.gate.reasons == ()
    assert (first.alias, first.gate.passed) == ("champion", True)
    found = first.metrics
    assert found["test_rises_roc_auc"] > 0.7 > found["test_rises_roc_auc_logistic_on_last"]
    assert found["test_moves_log_loss"] < found["test_moves_log_loss_persistence"]
    assert found["test_path_mae"] < found["test_path_mae_naive"]
    assert {"train_path_rmse_first", "validation_moves_macro_f1", "test_path_r2_majority"} <= set(found)
    assert not any(name.startswith(("test_roc", "test_mae", "test_log")) for name in found)


def test_its_table_has_a_block_for_each_label(first: Result) -> None:
    rows = [(row["label"], row[""]) for row in first.table()]
    classes = ["model", "majority", "persistence", "logistic_on_last"]
    expected = [*(("rises", who) for who in classes), *(("moves", who) for who in classes)]
    assert rows == [*expected, *(("path", who) for who in [*classes, "naive"])]
    assert first.table()[4]["balanced_accuracy"] == first.metrics["test_moves_balanced_accuracy"]
    assert "labels" not in first.model_dump(mode="json")


def test_metrics_are_those_of_the_stored_model(first: Result, root: Lake, source: Quoted) -> None:
    test = source.indices("test")
    told = predict(load_champion(root, "mixed"), source, test, ["rises", "moves", "path"])
    assert {name: answered.shape[1:] for name, answered in told.items()} == {"rises": (), "moves": (3,), "path": (2,)}
    named = [max(range(3), key=lambda k: p[k]) for p in told["moves"].tolist()]
    right = [name == code for name, code in zip(named, source.values["moves"][test].tolist(), strict=True)]
    assert first.metrics["test_moves_accuracy"] == pytest.approx(sum(right) / len(right))
    errors = [abs(source.values[f"step_{c}"][test].astype(float) - told["path"][:, c - 1]).mean() for c in (1, 2)]
    assert first.metrics["test_path_mae"] == pytest.approx(sum(errors) / 2)
    assert (first.metrics["test_path_mae_first"], first.metrics["test_path_mae_last"]) == pytest.approx(errors)
    assert first.metrics["test_rises_accuracy"] == ((told["rises"] > 0.5) == source.answers[test]).mean()


def test_the_version_and_its_run_tell_every_label(first: Result, root: Lake) -> None:
    registry = Registry.open(root, "mixed")
    version = registry.version("1")
    assert version.tags["labels"] == "rises,moves,path"
    assert "#### On the test part: moves" in version.description
    assert "None" not in version.description
    logged = registry.client.get_run(str(version.run_id)).data.metrics
    assert logged["test_path_rmse_naive"] == first.metrics["test_path_rmse_naive"]
    for name in ("rises/roc", "moves/confusion", "moves/calibration", "path/predicted", "path/columns"):
        drawn = artifact(root, "mixed", 1, f"test/{name}.png")
        assert drawn is not None
        assert drawn.startswith(b"\x89PNG")


def test_what_is_traded_is_the_label_of_two_classes(
    first: Result, root: Lake, source: Quoted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "train", None)
    asked = ordered(evaluation=EvaluationParams(pnl=PnlParams(spread_bps=10)))
    found = register.register(root, source, asked)
    assert found.version == first.version
    assert {"test_rises_pnl_bps", "test_rises_pnl_bps_held", "test_rises_turnover"} <= set(found.metrics)
    assert [reason.split(" of ")[0] for reason in found.gate.reasons] == ["rises: its net profit"]
    assert found.metrics | first.metrics == found.metrics
    assert found.table()[0]["pnl_bps"] == found.metrics["test_rises_pnl_bps"]


def test_a_model_of_one_label_answers_it_alone(root: Lake, source: Quoted) -> None:
    nodes = {name: node for name, node in NODES.items() if name not in ("rise", "moves")}
    order = ordered(model=resolve({"nodes": nodes}))
    assert [label.name for label in order.labels(source)] == ["path"]
    assert order.remembered(source)["labels"] == "path"
    model = build(source, graph_of(source, order.model))
    (exam,) = sit(model, source, order.labels(source), order.gate)["test"]
    assert (exam.label, exam.kind, exam.model.shape) == ("path", "numeric", exam.answers.shape)
    assert list(exam.everybody) == ["model", "majority", "persistence", "logistic_on_last", "naive"]
    assert exam.answers[:, 1].tolist() == source.values["step_2"][source.indices("test")].tolist()
