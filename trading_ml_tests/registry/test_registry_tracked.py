"""A user's own fit: its epochs in MLflow, its version in the registry, judged by the same gate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import trading_ml
from trading_ml.core.errors import BadParams, NoData, Unknown
from trading_ml.core.lake import Lake
from trading_ml.models import runtime
from trading_ml.models.predict import predict
from trading_ml.registry import trials
from trading_ml.registry.result import Result
from trading_ml.registry.runs import Given
from trading_ml.registry.store import Registry, load_champion
from trading_ml.registry.tracked import Shown, Tracked, tracked
from trading_ml_tests.models.standin import Standin
from trading_ml_tests.registry.test_registry_register import ORDER

runtime.start()
keras = pytest.importorskip("keras")
OWN = replace(ORDER, description="a loop of my own", tags={})


@pytest.fixture(scope="module")
def source() -> Standin:
    return Standin(bars=900, signal=8.0)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("own") / "data")


def network() -> keras.Model:
    inputs = {"close": keras.Input((6, 1), name="close")}
    x = keras.layers.Flatten()(keras.layers.LayerNormalization(axis=1)(inputs["close"]))
    x = keras.layers.Dense(1, "sigmoid", name="rises")(keras.layers.Dense(16, "relu")(x))
    model = keras.Model(inputs, {"rises": x})
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy")
    return model


@pytest.fixture(scope="module")
def done(root: Lake, source: Standin) -> tuple[Tracked, Result]:
    keras.utils.set_random_seed(3)
    with tracked(root, source, OWN) as run:
        model, seen = network(), run.dataset
        train, validation = seen.batches("train", 64, seed=7, features=["close"]), seen.batches("validation", 512)
        with pytest.raises(NoData, match=r"run of volatility: has no version yet; run.register\(model\) makes one"):
            run.judge()
        model.fit(train, validation_data=validation, epochs=3, verbose=0, callbacks=[run.callback])
        run.log({"note": 1.5})
        run.register(model)
        return run, run.judge()


def test_its_epochs_and_its_origin_are_told_to_mlflow(done: tuple[Tracked, Result]) -> None:
    run = done[0]
    told = run.registry.client.get_run(run.run.id)
    assert told.info.status == "FINISHED"
    assert told.data.tags["mlflow.note.content"] == "a loop of my own"
    assert {"mlflow.user", "git_commit", "env.tensorflow"} <= set(told.data.tags)
    assert told.data.metrics["note"] == 1.5
    with pytest.raises(NoData, match="was trained by code of its own, so it cannot be trained again"):
        Given.of(run.registry.client, run.run.id)
    assert run.run.steps("val_loss") == run.run.steps("loss") == {1, 2, 3}


def test_its_version_has_the_tags_of_any_other_and_is_judged_alike(
    done: tuple[Tracked, Result], root: Lake, source: Standin
) -> None:
    run, result = done
    version = run.registry.version("1")
    assert (result.version, version.tags["dataset"], version.tags["labels"]) == (1, source.digest, "rises")
    assert {"weights", "model_key", "project_file", "gate", "judgement"} <= set(version.tags)
    assert result.gate.passed
    assert result.alias == "champion"
    assert trials.count(root, "volatility", source.digest) == 1
    test = source.indices("test")
    p = predict(load_champion(root, "volatility"), source, test)["rises"]
    right = p[source.answers[test]].mean() - p[~source.answers[test]].mean()
    assert right > 0.2


def test_what_goes_wrong_inside_ends_the_run_as_failed(root: Lake, source: Standin) -> None:
    with pytest.raises(ZeroDivisionError), tracked(root, source, OWN) as run:
        raise ZeroDivisionError("by nothing")
    registry = Registry.open(root, "volatility")
    assert registry.client.get_run(run.run.id).info.status == "FAILED"


def test_a_model_that_does_not_fit_is_not_registered(root: Lake, source: Standin) -> None:
    wide = keras.Sequential([keras.Input((6, 1), name="close"), keras.layers.Flatten(), keras.layers.Dense(3)])
    other = keras.Sequential([keras.Input((6, 1), name="closes"), keras.layers.Flatten(), keras.layers.Dense(1)])
    with tracked(root, source, OWN) as run:
        with pytest.raises(BadParams, match=r"answers \(samples, 3\) to 'rises', of 2 classes: \(samples, 1\)"):
            run.register(wide)
        with pytest.raises(BadParams, match=r"has an input 'closes', no feature; did you mean 'close'"):
            run.register(other)
        with pytest.raises(BadParams, match=r"label rise: is not in the dataset; did you mean 'rises'"):
            run.register(wide, ["rise"])


def test_the_test_part_is_not_shown(source: Standin) -> None:
    shown = Shown(source)
    with pytest.raises(BadParams, match=r"part test: is not given to a run; known: train, validation; run.judge\(\)"):
        shown.batches("test")
    inputs, answers = shown.arrays("validation")
    np.testing.assert_array_equal(inputs["close"], source.windows(source.indices("validation"), "close"))
    np.testing.assert_array_equal(answers["rises"], source.answers[source.indices("validation")])


def test_a_project_without_a_promoted_dataset_says_so(tmp_path, monkeypatch) -> None:
    with (
        pytest.raises(NoData, match="datasets of volatility: none is promoted"),
        trading_ml.run("volatility", data=tmp_path),
    ):
        pass
    with (
        pytest.raises(Unknown, match="volatilit: unknown project; did you mean 'volatility'"),
        trading_ml.run("volatilit", data=tmp_path),
    ):
        pass
