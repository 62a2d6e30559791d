"""What scikit-learn fits, from a dataset to a judged version: the same path, another file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from trading_ml.core.errors import BadParams, Refused
from trading_ml.core.lake import Lake
from trading_ml.models.estimators import stored
from trading_ml.models.estimators.estimator import Estimator, Fitted
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.predict import predict
from trading_ml.models.train import weights_digest
from trading_ml.registry import register
from trading_ml.registry.params import GateParams
from trading_ml.registry.register import Order
from trading_ml.registry.result import Result
from trading_ml.registry.store import Registry, load_champion
from trading_ml_tests.models.standin import Standin

ORDER = Order(
    project="baseline",
    model=resolve({"family": "hist_gradient_boosting", "rounds": 20, "leaves": 6, "scale": {"close": "minmax"}}),
    training=TrainingParams(threads=1),
    gate=GateParams(min_samples=200),
)


@pytest.fixture(scope="module")
def source() -> Standin:
    return Standin(bars=1000)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("root") / "data")


@pytest.fixture(scope="module")
def result(root: Lake, source: Standin) -> Result:
    return register.register(root, source, ORDER)


def folder(root: Lake) -> Path:
    registry = Registry.open(root, "baseline")
    return Path(registry.client.get_model_version_download_uri("baseline", "1"))


def test_it_becomes_champion_by_the_same_gate(result: Result, root: Lake, source: Standin) -> None:
    assert (result.version, result.alias, result.gate.passed) == (1, "champion", True)
    model, test = load_champion(root, "baseline"), source.indices("test")
    assert isinstance(model, Estimator)
    p, answers = predict(model, source, test)["rises"], source.answers[test]
    assert result.metrics["test_accuracy"] == pytest.approx(((p > 0.5) == answers).mean())


def test_the_version_remembers_what_made_it(result: Result, root: Lake, source: Standin) -> None:
    registry = Registry.open(root, "baseline")
    version = registry.version("1")
    assert version.tags["weights"] == weights_digest(registry.load(version))
    assert version.tags["model_key"] == ORDER.key(source)
    assert {"env.scikit-learn", "env.scipy", "env.numpy", "env.threads"} == {
        tag for tag in version.tags if tag.startswith("env.")
    }
    run = registry.client.get_run(str(version.run_id))
    assert run.data.params["model.family"] == "hist_gradient_boosting"
    assert {"loss", "val_loss", "accuracy", "val_accuracy"} <= set(run.data.metrics)


def test_its_files_hold_no_pickle_and_say_what_they_need(result: Result, root: Lake) -> None:
    files = {path.name for path in folder(root).rglob("*") if path.is_file()}
    assert stored.FILE in files
    assert not {name for name in files if name.endswith((".pkl", ".pickle", ".joblib", ".h5"))}
    told = yaml.safe_load((folder(root) / "MLmodel").read_text())
    assert told["flavors"]["sklearn"]["serialization_format"] == "skops"
    assert told["flavors"]["sklearn"]["skops_trusted_types"] == stored.TRUSTED
    assert '"shape": [-1, 6, 1]' in told["signature"]["inputs"]
    named = (folder(root) / "requirements.txt").read_text().split()
    assert [line.partition("==")[0] for line in named] == ["mlflow", "scikit-learn", "skops", "scipy", "numpy"]


def test_the_same_order_again_trains_nothing(
    result: Result, root: Lake, source: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "train", None)
    assert register.register(root, source, ORDER) == result


def test_a_family_that_does_not_answer_the_label_begins_no_run(result: Result, root: Lake, source: Standin) -> None:
    order = Order(**{**vars(ORDER), "model": resolve({"family": "linear_regression"})})
    with pytest.raises(BadParams, match="linear_regression does not answer rises, 2 classes; take logistic_regression"):
        register.register(root, source, order)
    registry = Registry.open(root, "baseline")
    assert len(registry.client.search_runs([registry.experiment])) == 1


def test_a_version_whose_file_was_exchanged_is_refused(result: Result, root: Lake) -> None:
    from sklearn.preprocessing import FunctionTransformer

    registry, path = Registry.open(root, "baseline"), folder(root) / stored.FILE
    whole = path.read_bytes()
    stored.save(Estimator("random_forest", [], [Fitted("up", "binary", 1, [FunctionTransformer(np.save)])]), path)
    with pytest.raises(Refused, match="nobody vouches for"):
        registry.load(registry.version("1"))
    path.write_bytes(whole)
    assert isinstance(registry.load(registry.version("1")), Estimator)
