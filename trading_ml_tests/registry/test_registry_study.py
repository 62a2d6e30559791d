"""Searches that train; models/test_models_tuning_search.py searches without."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from trading_ml.core import progress
from trading_ml.core.errors import BadParams, NoData, Refused
from trading_ml.core.lake import Lake
from trading_ml.models.control import Stopped
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.standing import standings
from trading_ml.models.tuning.params import TuningParams
from trading_ml.registry import register, trial, trials
from trading_ml.registry.params import GateParams
from trading_ml.registry.register import Order
from trading_ml.registry.store import Registry
from trading_ml.registry.study import TUNED, Study
from trading_ml.registry.trainings import trainings
from trading_ml.registry.tuned import Tuned
from trading_ml_tests.models.standin import Standin

OBJECTIVE = "precision_at_recall(0.25)"
ORDER = Order(
    project="tuned",
    model=resolve({"family": "logistic_regression", "scale": {"close": "minmax", "noise": "zscore"}}),
    training=TrainingParams(epochs=2, batch_size=128),
    gate=GateParams(min_samples=300),
)
TUNING = TuningParams.parse(
    {
        "objective": OBJECTIVE,
        "over": {
            "model.alpha": {"low": 1e-3, "high": 10, "log": True},
            "training.class_weight.true": {"low": 0.1, "high": 10, "log": True},
            "training.seed": [1, 2],
        },
        "trials": 5,
        "parallel": 1,
    },
    "tuning",
)


@pytest.fixture(scope="module")
def source() -> Standin:
    return Standin(bars=700)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("study") / "data")


@pytest.fixture(scope="module")
def study(root: Lake, source: Standin) -> Study:
    return Study(root, source, ORDER, TUNING)


@pytest.fixture(scope="module")
def broken(study: Study) -> tuple[Tuned, list[str]]:
    """What is known after an interrupt, which comes when the third trial has ended."""
    notes: list[str] = []

    def interrupt(what: str, done: int, total: int, note: str) -> None:
        notes.extend([note] if what == "tuned: trials" else [])
        if what == "tuned: trials" and done == 3:
            raise KeyboardInterrupt

    with progress.listen(interrupt), pytest.raises(KeyboardInterrupt):
        study.run()
    return study.tuned(), notes


@pytest.fixture(scope="module")
def whole(study: Study, broken: tuple[Tuned, list[str]]) -> Iterator[Tuned]:
    found = study.run()
    with pytest.MonkeyPatch.context() as patch:  # what comes later is not drawn, which takes longest
        patch.setattr("trading_ml.registry.telling.figures", lambda space, told: {})
        yield found


def test_after_an_interrupt_the_best_so_far_is_kept(study: Study, broken: tuple[Tuned, list[str]]) -> None:
    found, notes = broken
    assert [each.number for each in found.trials] == [0, 1, 2]
    best = max(found.trials, key=lambda each: each.trial.scores[0])
    assert found.best == best
    said = f"trial 3 of 5, best so far {OBJECTIVE} {best.trial.scores[0]:.4f} (trial {best.number})"
    assert notes == ["trial 0 of 5", notes[1], notes[2], said]
    assert not found.complete
    with pytest.raises(NoData, match=r"has 3 of 5 trials; `trading-ml project tune tuned` goes on"):
        study.chosen()


def test_it_goes_on_and_finds_what_it_would_have_found_at_once_and_two_at_a_time(
    whole: Tuned, broken: tuple[Tuned, list[str]], study: Study
) -> None:
    assert whole.trials[:3] == broken[0].trials
    assert whole.complete
    with ThreadPoolExecutor(2) as pool:
        other = replace(study, order=replace(ORDER, project="again")).run(parallel=2, given=pool)
    assert other.digest == whole.digest
    assert other.best.number == whole.best.number


def test_trials_are_nested_runs(whole: Tuned, study: Study, source: Standin) -> None:
    registry = Registry.open(study.lake, "tuned")
    (parent,) = registry.client.search_runs([registry.experiment], f"tags.search = '{whole.search}'")
    assert (parent.info.status, parent.data.tags["dataset"]) == ("FINISHED", source.digest)
    children = registry.client.search_runs([registry.experiment], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    assert {child.info.run_id for child in children} == {each.trial.run for each in whole.trials}
    child = registry.client.get_run(whole.trials[2].trial.run)
    assert (child.info.status, child.info.run_name, child.data.tags["trial_state"]) == (
        "FINISHED",
        "trial 2",
        "complete",
    )
    alpha = whole.trials[2].values["model.alpha"]
    assert float(child.data.params["model.alpha"]) == alpha
    assert child.data.metrics["validation_precision_at_recall_0.25"] == whole.trials[2].trial.scores[0]
    assert child.data.metrics["validation_roc_auc"] == whole.trials[2].trial.metrics["validation_roc_auc"]
    assert not any(name.startswith("test_") for name in child.data.metrics)
    assert child.data.metrics["seconds"] > 0
    steps = [entry.step for entry in registry.client.get_metric_history(child.info.run_id, "val_loss")]
    assert steps == [1]
    best = registry.client.get_metric_history(parent.info.run_id, "best_precision_at_recall_0.25")
    assert max(entry.value for entry in best) == whole.best.trial.scores[0]
    kept = {entry.path for entry in registry.client.list_artifacts(parent.info.run_id, "study")}
    assert {"study/history.png", "study/slices.png", "study/importances.png", "study/contours.png"} <= kept
    table = Path(str(parent.info.artifact_uri), "trials.md").read_text().splitlines()
    assert len(table) == 2 + len(whole.trials)
    assert [line.split(" | ")[1] for line in table[2:]].count("★") == 1


def test_every_trial_is_on_record_and_none_opened_the_test_part(whole: Tuned, study: Study, source: Standin) -> None:
    assert trials.by_kind(study.lake, "tuned", source.digest)["trial"] == len(whole.trials)
    assert not study.lake.path("registry", "openings").exists()
    assert not standings(study.lake)


def test_the_best_parameters_are_those_of_the_projects_model(whole: Tuned, study: Study, source: Standin) -> None:
    chosen = study.chosen()
    assert chosen.key(source) == whole.best.trial.model_key
    assert chosen.training.seed == whole.best.values["training.seed"]
    result = register.register(study.lake, source, chosen)
    version = Registry.open(study.lake, "tuned").version(str(result.version))
    assert version.tags["weights"] == whole.best.trial.weights
    assert version.tags[TUNED] == f"{whole.search}/{whole.best.number}"
    validation = result.metrics["validation_roc_auc"]
    assert validation == pytest.approx(whole.best.trial.metrics["validation_roc_auc"], abs=1e-12)
    assert [each.version for each in trainings(study.lake, "tuned")] == [1]


def test_what_was_trained_is_found_again_by_other_searches(
    whole: Tuned, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "train", None)  # nothing may be trained
    other = replace(
        study, tuning=TUNING.model_copy(update={"batch": 3, "objective": (OBJECTIVE, "brier"), "trials": 2})
    )
    assert other.key != study.key
    with pytest.raises(TypeError, match="not callable"):  # brier is known, but not under this objective's own name
        replace(other, tuning=other.tuning.model_copy(update={"objective": ("recall_at_precision(0.5)",)})).run()
    found = other.run()
    assert [each.values for each in found.trials] == [each.values for each in whole.trials[:2]]
    brier = [each.trial.metrics["validation_brier"] for each in whole.trials[:2]]
    assert [each.trial.scores[1] for each in found.trials] == brier
    assert {each.trial.run for each in found.trials}.isdisjoint({each.trial.run for each in whole.trials})


def test_a_search_that_is_closed_is_enough_until_more_is_asked_for(
    whole: Tuned, source: Standin, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(study, tuning=TUNING.model_copy(update={"startup": 2}))
    with pytest.raises(NoData, match="has no trials yet"):
        short.close()
    short.run(trials=2)
    assert short.close().complete
    monkeypatch.setattr(trial, "train", None)
    assert len(short.run().trials) == 2
    assert short.chosen().key(source) == short.tuned().best.trial.model_key
    with pytest.raises(TypeError):
        short.run(trials=3)
    assert not short.journal.closed


def test_a_network_that_diverges_or_is_behind_ends_and_the_search_goes_on(study: Study, whole: Tuned) -> None:
    """The grid's order: a good rate, a rate by which nothing is learnt, one that is too much."""
    over = {"training.learning_rate": [1e-6, 1e-1, 1e39], "training.optimizer": ["sgd"]}
    tuning = {"objective": "log_loss", "over": over, "sampler": "grid", "batch": 1, "parallel": 1, "seed": 6}
    tuning |= {"pruner": "median", "startup": 1, "warm_up": 0}
    order = replace(ORDER, project="networks", model=resolve({"family": "linear", "scale": {"close": "minmax"}}))
    found = replace(study, order=order, tuning=TuningParams.parse(tuning, "tuning")).run()
    good, behind, failed = (each.trial for each in found.trials)
    assert [each.state for each in (good, behind, failed)] == ["complete", "pruned", "failed"]
    assert (good.epochs, behind.epochs, len(good.course), len(behind.course)) == (2, 1, 2, 1)
    assert behind.reason == "behind earlier trials after epoch 1"
    assert "after epoch 1; scale the features or lower learning_rate" in failed.reason
    client = Registry.open(study.lake, "networks").client
    ended = [client.get_run(each.trial.run) for each in found.trials]
    assert [(run.info.status, run.data.tags["trial_state"]) for run in ended] == [
        ("FINISHED", "complete"), ("FINISHED", "pruned"), ("FINISHED", "failed"),
    ]  # fmt: skip
    assert not standings(study.lake)
    with pytest.raises(Refused, match="none of 1 trials came to a value; the first: training: loss is"):
        replace(study, order=order, tuning=TuningParams.parse(HOPELESS, "tuning")).run()


HOPELESS = {
    "over": {"training.learning_rate": [1e39], "training.optimizer": ["sgd"]}, "sampler": "grid", "parallel": 1,
}  # fmt: skip


def test_somebody_asks_to_stop(study: Study, whole: Tuned, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*given: object) -> None:
        raise Stopped("training of tuned", "was stopped by somebody", "")

    monkeypatch.setattr(trial, "train", stopped)
    other = replace(study, tuning=TUNING.model_copy(update={"seed": 99}))
    with pytest.raises(Stopped, match="was stopped by somebody; `trading-ml project tune tuned` goes on"):
        other.run()
    assert other.journal.told == {}
    assert not standings(study.lake)


def test_objectives_that_do_not_fit(study: Study, whole: Tuned) -> None:
    with pytest.raises(BadParams, match="unknown label falls"):
        replace(study, tuning=TUNING.model_copy(update={"objective": ("falls:roc_auc",)})).run()


def test_what_goes_to_another_process_can_be_pickled(study: Study) -> None:
    for each in (study.order, study.tuning, study.space, trial.Trying("p", "s", TUNING.objectives)):
        assert pickle.loads(pickle.dumps(each)) == each
