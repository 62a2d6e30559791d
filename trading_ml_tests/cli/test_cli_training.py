"""`trading-ml training …` and `model runs`: what trains is told, obeys, and nonsense is refused in a line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from trading_ml.cli import training as command
from trading_ml.core.lake import Lake
from trading_ml.models import control as room
from trading_ml.models.control import Control, Stopped
from trading_ml.models.standing import Standing, alone, now, standings, tell
from trading_ml.registry.store import MODEL_KEY, TRAINING, Registry
from trading_ml_tests.cli.conftest import Answer

Cli = Callable[..., Answer]


def standing(key: str, **change: Any) -> Standing:
    told = {"project": "volatility", "key": key, "run": f"{key}0123456789", "dataset": "d", "epochs": 9, "since": now()}
    return Standing(**told | change)


@contextmanager
def under_way(root: Path, *keys: str) -> Iterator[dict[str, str]]:
    """Trainings whose batches take no time; gives how each ended."""

    def go(key: str) -> None:
        with alone(lake, "volatility", key):
            ready.wait()
            control = Control(lake, standing(key))
            try:
                with control.under_way():
                    while not end.wait(0.005):
                        control.step(1, 4)
            except Stopped as stopped:
                ended[key] = stopped.problem

    lake, end, ended = Lake(root), threading.Event(), {}
    ready = threading.Barrier(len(keys) + 1)
    threads = [threading.Thread(target=go, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    ready.wait()
    while len([told for told in standings(lake) if told.live]) < len(keys):
        end.wait(0.005)
    try:
        yield ended
    finally:
        end.set()
        for thread in threads:
            thread.join(10)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LOOK_SECONDS", 0.005)
    monkeypatch.setattr(command, "_ANSWER_SECONDS", 5.0)


def test_nothing_trains(cli: Cli) -> None:
    assert cli("training", "status", "--json").json == {"trainings": []}
    assert cli("training", "status", "volatility").out.startswith("nothing is training for volatility")
    for what in ("pause", "stop"):
        answer = cli("training", what, "volatility")
        assert answer.code == 2
        assert answer.err.startswith("error: training of volatility: none is under way; `trading-ml training status`")
    answer = cli("training", "resume", "volatility")
    assert answer.code == 2
    fix = "`trading-ml project run volatility` trains it"
    assert answer.err == f"error: training of volatility: none is paused, stopped or broken off; {fix}\n"
    for what in ("pause", "stop", "resume", "status"):
        answer = cli("training", what, "volatilty")
        assert (answer.code, answer.err) == (2, "error: volatilty: unknown project; did you mean 'volatility'?\n")


def test_pause_resume_and_stop(cli: Cli, root: Path) -> None:
    with under_way(root, "aaaa", "bbbb") as ended:
        (told,) = cli("training", "pause", "aaaa", "--by", "anna", "--json").json["trainings"]
        assert (told["state"], told["why"], told["live"], told["share"]) == ("paused", "by anna", True, 0.25)
        told = cli("training", "status", "volatility", "--json").json["trainings"]
        assert {each["key"]: each["state"] for each in told} == {"aaaa": "paused", "bbbb": "training"}
        assert "paused by anna" in cli("training", "status").out
        answer = cli("training", "pause", "aaaa")
        assert answer.code == 1
        assert "volatility: is paused by anna, epoch 1 of 9, 25 %, already; `trading-ml training resume" in answer.err
        answer = cli("training", "resume", "bbbb")
        assert (answer.code, "is not paused: training, epoch 1 of 9" in answer.err) == (1, True)
        answer = cli("training", "resume", "volatility")
        assert answer.out == "volatility, run aaaa0123: training, epoch 1 of 9, 25 %\n"
        answer = cli("training", "stop", "volatility", "--by", "bert")
        assert answer.code == 0
        assert answer.out.count("stopped by bert, after epoch 0 of 9") == 2
    assert set(ended.values()) == {"was stopped by bert, after epoch 0 of 9"}


def test_what_was_broken_off_goes_on_only_as_the_same_model(
    cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trading_ml.datasets import Dataset
    from trading_ml.defs.runs import Runs
    from trading_ml.registry.register import Order

    lake, done = Lake(root), []
    tell(lake, standing("aaaa", epoch=3, metrics={"loss": 0.5}))
    (told,) = cli("training", "status", "--json").json["trainings"]
    assert (told["state"], told["live"], told["epoch"]) == ("died", False, 3)
    monkeypatch.setattr(Dataset, "open", lambda lake, name, digest=None: None)
    monkeypatch.setattr(Order, "key", lambda order, source: "bbbb")
    answer = cli("training", "resume", "volatility")
    assert answer.code == 1
    assert "was begun on what has changed since, dataset, project file or sources: died, after epoch 3" in answer.err
    monkeypatch.setattr(Order, "key", lambda order, source: "aaaa")
    monkeypatch.setattr(Runs, "trained", lambda runs, project: done.append(project.name) or 7)
    monkeypatch.setattr(command, "show", lambda lake, project, version: done.append(version))
    assert cli("training", "resume", "volatility").code == 0
    assert done == ["volatility", 7]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs of MLflow: one that came through, one that trains, one that was stopped."""
    lake = Lake(tmp_path_factory.mktemp("told") / "root")
    registry = Registry.make(lake, "volatility")
    for key, rate, losses in (("a", "0.1", [0.7, 0.6, 0.65]), ("b", "0.2", [0.9]), ("c", "0.3", [0.8, 0.5])):
        params = {"training.epochs": 3, "training.learning_rate": rate}
        with registry.run(key, {MODEL_KEY: key, "dataset": "d"}, params) as run:
            run.history([{"val_loss": loss} for loss in losses])
        if key == "b":
            registry.client.update_run(run.id, "RUNNING")
            tell(lake, standing("b", run=run.id, epochs=3, epoch=1))
        if key == "c":
            registry.client.set_tag(run.id, TRAINING, "stopped by anna, after epoch 2 of 3")
            registry.client.set_terminated(run.id, "KILLED")
    return lake.root


def test_trainings_are_told_side_by_side(cli: Cli, trained: Path, tmp_path: Path) -> None:
    with alone(Lake(trained), "volatility", "b"):
        told = cli("--data", trained, "model", "runs", "volatility", "--json").json
    runs = {each["name"]: each for each in told["trainings"]}
    assert told["differing"] == ["training.learning_rate"]
    assert {name: (each["state"], each["live"]) for name, each in runs.items()} == {
        "a": ("finished", False), "b": ("training", True), "c": ("stopped by anna", False),
    }  # fmt: skip
    assert [(runs[name]["epoch"], runs[name]["best_epoch"]) for name in "abc"] == [(3, 2), (1, 1), (2, 2)]
    chosen = [runs[name]["run"] for name in "ac"]
    answer = cli("--data", trained, "training", "compare", *chosen, "--watch", "--chart", tmp_path / "c.png")
    assert answer.code == 0
    assert "learning_rate 0.1" in answer.out
    assert "▅▃▄" in answer.out
    assert "█▁" in answer.out
    assert (tmp_path / "c.png").stat().st_size > 5_000


def test_nonsense_about_trainings_is_refused_in_a_line(cli: Cli, trained: Path, root: Path, tmp_path: Path) -> None:
    first = cli("--data", trained, "model", "runs", "volatility", "--json").json["trainings"][0]["run"]
    for words, said in {
        ("model", "runs", "volatlity"): "volatlity: unknown project with a training; did you mean 'volatility'?",
        ("training", "compare", "zzzz"): "zzzz: unknown training; known: ",
        (
            "model",
            "runs",
            "volatility",
            "--metric",
            "los",
        ): "--metric los: is not measured after each epoch; known: val",
        (
            "model",
            "runs",
            "volatility",
            "--chart",
            "c.txt",
        ): "--chart c.txt: is no picture that can be drawn; end it in",
        ("model", "vault", "zzzz", "--epoch", 1): "zzzz: unknown training",
        ("model", "vault", first): "Missing option '--epoch'",
    }.items():
        answer = cli("--data", trained, *words)
        assert answer.code == 2, words
        assert answer.err.startswith(f"error: {said}"), answer.err
        assert answer.err.count("\n") == 1
    answer = cli("--data", tmp_path / "empty", "model", "runs", "volatility")
    assert (answer.code, answer.err.startswith("error: trainings: there are none yet; run `trading")) == (2, True)
