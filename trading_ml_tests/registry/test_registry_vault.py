"""A training is stopped, goes on, is put into the vault meanwhile, and is told beside others."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from trading_ml.core.errors import NoData, Refused, Unknown
from trading_ml.core.lake import Lake
from trading_ml.models import control as room
from trading_ml.models.control import Stopped
from trading_ml.models.params import TrainingParams
from trading_ml.models.standing import alone, ask, standings
from trading_ml.models.train import train, weights_digest
from trading_ml.registry import register, trainings
from trading_ml.registry.store import MODEL_KEY, TRAINING, Registry
from trading_ml.registry.vault import vault
from trading_ml_tests.models.standin import Standin
from trading_ml_tests.registry.test_registry_register import ordered

ORDER = ordered(training=TrainingParams(epochs=4, batch_size=100, early_stopping=None, keep_checkpoints=2))


@pytest.fixture(scope="module")
def source() -> Standin:
    return Standin(bars=300)


@pytest.fixture(scope="module")
def by_epoch(source: Standin) -> list[str]:
    """Digests of the weights after each epoch of an undisturbed training."""
    found: list[str] = []

    def watch(model: object) -> dict[str, float]:
        found.append(weights_digest(model))
        return {}

    train(source, ORDER.model, ORDER.training, watch=watch)
    return found


@pytest.fixture(scope="module")
def seen() -> dict[str, object]:
    return {}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, source: Standin, seen: dict[str, object]) -> Lake:
    """A training that somebody stopped after its second epoch, and resumed; epoch 2 went to the vault meanwhile."""
    lake = Lake(tmp_path_factory.mktemp("vault") / "data")

    def look(epoch: int, metrics: object) -> None:
        if epoch == 2 and "vault" not in seen:
            (seen["live"],) = trainings.trainings(lake, "volatility")
            seen["vault"] = vault(lake, seen["live"], source, 2, "looks good", "anna")  # pyright: ignore
            ask(lake, standings(lake)[0], "stop", "anna")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(room, "LOOK_SECONDS", 0.0)
        with pytest.raises(Stopped, match="was stopped by anna, after epoch 2 of 4; `trading-ml training resume vol"):
            register.trained(lake, source, ORDER, look)
    (seen["stopped"],) = trainings.trainings(lake, "volatility")
    seen["version"] = register.trained(lake, source, ORDER, look)
    return lake


def test_stopped_and_gone_on_it_comes_to_the_weights_of_an_undisturbed_one(
    root: Lake, seen: dict[str, object], by_epoch: list[str]
) -> None:
    version = seen["version"]
    assert version.tags["weights"] == by_epoch[3]  # pyright: ignore[reportAttributeAccessIssue]
    (told,) = trainings.trainings(root, "volatility")
    assert (told.state, told.epoch, told.epochs, told.live) == ("finished", 4, 4, False)
    assert told.version == int(version.version)  # pyright: ignore[reportAttributeAccessIssue]
    assert not standings(root)


def test_a_run_says_that_it_trains_and_who_stopped_it(root: Lake, seen: dict[str, object]) -> None:
    live, stopped = seen["live"], seen["stopped"]
    assert isinstance(live, trainings.Training)
    assert isinstance(stopped, trainings.Training)
    assert (live.state, live.live, live.epoch, live.version) == ("training", True, 2, None)
    assert (stopped.state, stopped.live, stopped.epoch) == ("stopped by anna", False, 2)
    assert live.run == stopped.run == trainings.found(root, "volatility/2").run


def test_an_epoch_in_the_vault_has_the_weights_of_that_epoch(
    root: Lake, source: Standin, seen: dict[str, object], by_epoch: list[str]
) -> None:
    registry = Registry.open(root, "volatility")
    version = registry.version("1")
    tags = {name: version.tags[name] for name in ("vault", "epoch", "note", "by", "dataset", "labels")}
    assert tags == {
        "vault": "true", "epoch": "2", "note": "looks good", "by": "anna", "dataset": source.digest, "labels": "rises",
    }  # fmt: skip
    assert version.tags["run"] == trainings.found(root, "volatility/2").run
    assert version.tags["weights"] == by_epoch[1] == weights_digest(registry.load(version))
    assert not version.aliases
    assert "gate" not in version.tags
    run = registry.client.get_run(str(version.run_id))
    assert run.data.tags["mlflow.parentRunId"] == version.tags["run"]
    assert (run.info.status, run.data.params["training.epochs"]) == ("FINISHED", "4")
    assert [m.step for m in registry.client.get_metric_history(run.info.run_id, "val_loss")] == [1, 2]
    assert registry.find(version.tags[MODEL_KEY]) is not None
    assert str(registry.find(ORDER.key(source)).version) == "2"  # pyright: ignore[reportOptionalMemberAccess]


def test_an_epoch_goes_in_once_and_only_while_its_checkpoint_is_there(root: Lake, source: Standin) -> None:
    training = trainings.found(root, "volatility/2")
    with pytest.raises(Refused, match=rf"epoch 2 of run {training.run[:8]}: is in the vault already, as version 1"):
        vault(root, training, source, 2)
    with pytest.raises(NoData, match=r"its checkpoint is not there; there are those of 3, 4; training\.keep_check"):
        vault(root, training, source, 1)


def test_a_training_is_found_by_the_beginning_of_its_run(root: Lake, lake: Lake) -> None:
    run = trainings.found(root, "volatility/2").run
    assert trainings.found(root, run[:10]).run == run
    for word in ("volatility/9", "zzzz"):
        with pytest.raises(Unknown, match=f"{word}: unknown training"):
            trainings.found(root, word)
    with pytest.raises(Unknown, match=r"volatlity: unknown project with a training; did you mean 'volatility'"):
        trainings.trainings(root, "volatlity")
    with pytest.raises(NoData, match="there are none yet"):
        trainings.trainings(lake, "volatility")


def test_a_live_run_is_left_alone_and_a_dead_one_is_given_an_end(root: Lake) -> None:
    registry = Registry.open(root, "volatility")
    runs = {
        key: registry.client.create_run(registry.experiment, tags={MODEL_KEY: key}).info.run_id
        for key in ("alive", "dead", "mine")
    }
    with alone(root, "volatility", "alive"), alone(root, "volatility", "mine"):
        assert registry.settle("mine") == 2
    found = {key: registry.client.get_run(run) for key, run in runs.items()}
    assert {key: run.info.status for key, run in found.items()} == {
        "alive": "RUNNING", "dead": "KILLED", "mine": "KILLED",
    }  # fmt: skip
    assert found["dead"].data.tags[TRAINING] == "its process died"
    assert registry.settle() == 1


def test_the_same_model_asked_for_twice_at_once_is_trained_once(
    root: Lake, source: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, made = threading.Event(), threading.Event(), []

    def make(registry: Registry, *_: object) -> object:
        begun.set()
        assert go_on.wait(20)
        run = registry.client.create_run(registry.experiment).info.run_id
        tags = {MODEL_KEY: key}
        made.append(registry.client.create_model_version(registry.project, "nowhere", run, tags=tags))
        return made[-1]

    order = ordered(training=TrainingParams(epochs=9))
    key = order.key(source)
    monkeypatch.setattr(register, "_make", make)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(register.trained(root, source, order))) for _ in range(2)]
    threads[0].start()
    assert begun.wait(20)
    threads[1].start()
    threads[1].join(0.2)
    assert threads[1].is_alive()
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert len(made) == 1
    assert [each.version for each in found] == [made[0].version] * 2  # pyright: ignore[reportAttributeAccessIssue]


def planted(name: str, losses: list[float], rate: str, version: int | None = None) -> trainings.Training:
    return trainings.Training(
        project="p", run=name * 8, name=name, key="k", dataset="d", state="training", live=True, epochs=3, seconds=1.5,
        params={"training.learning_rate": rate, "training.seed": "7"}, history={"val_loss": losses}, version=version,
    )  # fmt: skip


def test_trainings_side_by_side_show_what_tells_them_apart(tmp_path: Path) -> None:
    several = [planted("a", [1.0, 0.5, 0.75], "0.1"), planted("b", [0.75], "0.2", 3), planted("c", [], "0.2")]
    assert trainings.differing(several) == ["training.learning_rate"]
    first, second, third = trainings.rows(several)
    assert [first[key] for key in ("run", "epoch", "val_loss", "best epoch")] == ["aaaaaaaa", "3 of 3", 0.75, 2]
    assert [each["what differs"] for each in (first, second)] == ["learning_rate 0.1", "learning_rate 0.2"]
    assert [each["val_loss after each epoch"] for each in (first, second, third)] == ["█▁▄", "▄", ""]
    assert (second["version"], third["best epoch"]) == (3, "")
    assert trainings.blocks([0.0, 2.0, 4.0, 6.0], [0.0, 7.0], width=2) == "▂▆"
    trainings.chart(several).savefig(tmp_path / "chart.png")
    assert (tmp_path / "chart.png").stat().st_size > 5_000
