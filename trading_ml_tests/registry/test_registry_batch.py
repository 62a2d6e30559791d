"""A batch of models, Epoch Builder's UNIT_TEST family among them: broken off, gone on with, compared; certificates."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trading_ml.core import progress
from trading_ml.core.errors import BadParams, NoData, Refused
from trading_ml.core.lake import Lake
from trading_ml.models.certificate import Certificate
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.predict import predict
from trading_ml.models.tuning.batch import BatchParams
from trading_ml.registry import register, trial, trials
from trading_ml.registry.batch import Batch, Done
from trading_ml.registry.certificates import certificate, certified
from trading_ml.registry.params import GateParams
from trading_ml.registry.register import Order
from trading_ml.registry.store import Registry
from trading_ml_tests.models.standin import Mixed

ORDER = Order(
    project="batched",
    model=resolve({"family": "linear_regression", "scale": {"close": "minmax"}, "labels": ["path"]}),
    training=TrainingParams(epochs=1, batch_size=256),
    gate=GateParams(),
)
GROUPS = {
    "linear_regression": {"model.alpha": [0.1, 1.0]},
    "UNIT_TEST": {"model.family": "dense", "model.units": [[32, 32]], "training.learning_rate": [1e-2, 1e-3]},
}


def batch(lake: Lake, source: Mixed, name: str = "small", **given: object) -> Batch:
    params = BatchParams.parse({"project": "batched", "groups": GROUPS, "parallel": 1} | given, name)
    return Batch(lake, source, ORDER, name, params)


@pytest.fixture(scope="module")
def source() -> Mixed:
    return Mixed(bars=300)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("batch") / "data")


@pytest.fixture(scope="module")
def broken(root: Lake, source: Mixed) -> list[str]:
    """Notes until the interrupt, which comes when the first model is there."""
    notes: list[str] = []

    def interrupt(what: str, done: int, total: int, note: str) -> None:
        notes.append(f"{what}: {note}, {done} of {total}")
        if done == 1:
            raise KeyboardInterrupt

    with progress.listen(interrupt), pytest.raises(KeyboardInterrupt):
        batch(root, source).run()
    return notes


@pytest.fixture(scope="module")
def whole(root: Lake, source: Mixed, broken: list[str]) -> Done:
    return batch(root, source).run()


def test_a_batch_that_was_broken_off_goes_on(whole: Done, broken: list[str]) -> None:
    assert broken == [
        "batched: batch small: model 0 of 4, 0 of 4",
        "batched: batch small: model 1 of 4, linear_regression, 1 of 4",
    ]
    assert (whole.skipped, whole.trained) == (1, 3)
    assert not whole.certificate.failed


def test_the_second_run_skips_all(whole: Done, root: Lake, source: Mixed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "train", None)  # nothing may be trained
    again = batch(root, source).run()
    assert (again.skipped, again.trained) == (4, 0)
    assert again.certificate == whole.certificate
    (whole.folder / "certificate.json").unlink()
    assert batch(root, source).run().certificate == whole.certificate


def test_the_receipt_is_there_before_anything_is_trained(root: Lake, source: Mixed) -> None:
    other = batch(root, source, "never")
    receipt = other.write()
    told = json.loads((other.folder / "receipt.json").read_text())
    assert told["groups"] == {"linear_regression": 2, "UNIT_TEST": 2}
    assert [each["model_key"] for each in told["configs"]] == [each.model_key for each in receipt.configs]
    unit = replace(
        ORDER,
        model=resolve({"family": "dense", "units": [32, 32], "scale": {"close": "minmax"}, "labels": ["path"]}),
        training=ORDER.training.model_copy(update={"learning_rate": 1e-3}),
    )
    assert receipt.configs[3].model_key == unit.key(source)


def test_models_are_compared_the_best_first(whole: Done, source: Mixed) -> None:
    told = whole.certificate
    errors = [each.validation["validation_rmse"] for each in told.certificates]
    assert errors == sorted(errors)
    assert [row["rmse"] for row in told.rows] == errors
    assert told.rows[0]["group"] == "linear_regression"
    assert told.coin is not None
    assert (told.coin.models, told.coin.samples) == (4, len(source.indices("validation")))
    assert told.baselines["naive"].direction is None
    came = np.stack([source.values[name][source.indices("validation")] for name in ("step_1", "step_2")], axis=1)
    naive = sum((sum(float(y) ** 2 for y in column) / len(column)) ** 0.5 for column in came.T) / 2
    assert told.baselines["naive"].metrics["rmse"] == pytest.approx(naive)
    mean = source.values["step_2"][source.indices("train")].mean()
    right = sum(float(y) * mean > 0 for y in came[:, 1]) / len(came)
    assert told.baselines["majority"].direction == pytest.approx(right)
    assert any("where luck alone puts 0.1 on either side" in sentence for sentence in told.sentences)
    assert {"comparison.png", "comparison.svg", "certificate.md"} <= {each.name for each in whole.folder.iterdir()}
    assert told.cpu_seconds == sum(each.cost.cpu_seconds for each in told.certificates)


def test_trainings_are_nested_runs_on_record(whole: Done, root: Lake, source: Mixed) -> None:
    registry = Registry.open(root, "batched")
    digest = whole.certificate.receipt.digest
    (parent,) = registry.client.search_runs([registry.experiment], f"tags.batch = '{digest}'")
    children = registry.client.search_runs([registry.experiment], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    assert {child.info.run_id for child in children} == {each.run for each in whole.certificate.certificates}
    kept = {entry.path for entry in registry.client.list_artifacts(parent.info.run_id)}
    assert {"receipt.json", "certificate.json", "certificate.md", "comparison.png"} <= kept
    assert trials.by_kind(root, "batched", source.digest)["batch"] == 4
    assert not root.path("registry", "openings").exists()
    assert not registry.client.search_model_versions("name = 'batched'")
    for each in whole.certificate.certificates:
        folder = Path(str(registry.client.get_run(each.run).info.artifact_uri), "certificate")
        assert Certificate.model_validate_json((folder / "certificate.json").read_bytes()) == each
        assert each.project in (folder / "certificate.html").read_text()


def test_a_registered_version_has_its_certificate_and_batches_skip_it(
    root: Lake, source: Mixed, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = replace(ORDER, model=ORDER.model.model_copy(update={"alpha": 0.5}))
    assert not certified(root, "batched", order.key(source))
    version = register.trained(root, source, order)
    told = certificate(root, "batched", order.key(source))
    assert (told.run, told.weights, told.family) == (version.run_id, version.tags["weights"], "linear_regression")
    rows = source.indices("validation")
    rows = rows[np.argsort(source.label_intervals(rows)[0], kind="stable")]
    said = predict(Registry.open(root, "batched").load(version), source, rows, ["path"])["path"]
    signs = "".join("+" if a * b > 0 else "-" for a, b in zip(said[:, 1], source.values["step_2"][rows], strict=True))
    assert told.discovery["path"].course == signs
    assert told.values == 2 * 8  # a weight for each value of both windows, and a constant, for each column
    assert told.cost.cpu_seconds > 0
    monkeypatch.setattr(trial, "train", None)
    found = batch(root, source, "other", groups={"linear_regression": {"model.alpha": 0.5}}).run()
    assert (found.skipped, found.trained, found.certificate.certificates) == (1, 0, (told,))


def test_what_diverges_is_told_and_the_rest_compared(
    root: Lake, source: Mixed, whole: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = trial.train

    def diverging(source: Mixed, model: object, *given: object, **more: object) -> object:
        if model.alpha == 7:  # pyright: ignore[reportAttributeAccessIssue]
            raise Refused("training", "loss is nan after epoch 1", "lower learning_rate")
        return train(source, model, *given, **more)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(trial, "train", diverging)
    with ThreadPoolExecutor(2) as pool:
        found = batch(root, source, "bad", groups={"linear_regression": {"model.alpha": [7, 0.01]}}).run(2, pool)
    assert [each.number for each in found.certificate.failed] == [0]
    assert len(found.certificate.certificates) == found.trained == 1
    assert "configuration 0 came to no model: training: loss is nan after epoch 1" in found.certificate.text
    monkeypatch.setattr(trial, "train", None)  # nothing is tried again
    again = batch(root, source, "bad", groups={"linear_regression": {"model.alpha": [7, 0.01]}}).run(1)
    assert (again.skipped, again.trained, again.certificate.failed) == (1, 0, found.certificate.failed)


def test_what_cannot_be(root: Lake, source: Mixed) -> None:
    with pytest.raises(NoData, match="has no certificate; train it again"):
        certificate(root, "batched", "0" * 64)
    with pytest.raises(BadParams, match="unknown label paht"):
        batch(root, source, "odd", metric="paht:rmse").run()


def test_what_goes_to_another_process_can_be_pickled(root: Lake, source: Mixed) -> None:
    asked = batch(root, source)
    for each in (*asked.params.configs(ORDER.model, ORDER.training), asked.order):
        assert pickle.loads(pickle.dumps(each)) == each
