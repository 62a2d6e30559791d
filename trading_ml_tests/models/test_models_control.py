"""A training looks for requests now and then, waits or ends as asked, and its file says where it stands."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from trading_ml.core import progress
from trading_ml.core.lake import Lake
from trading_ml.models import control as room
from trading_ml.models.control import Control, Stopped
from trading_ml.models.standing import Standing, alone, ask, let_go_on, now, standings


def standing(key: str = "k", project: str = "p") -> Standing:
    return Standing(project=project, key=key, run=f"run of {key}", dataset="d", epochs=3, since=now())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LOOK_SECONDS", 0.005)
    monkeypatch.setattr(room, "_TELL_SECONDS", 0.0)


@pytest.fixture
def held(lake: Lake) -> Iterator[Lake]:
    with alone(lake, "p", "k") as mine:
        assert mine
        yield lake


def steps(control: Control, epochs: int = 3, per: int = 20) -> None:
    with control.under_way():
        for epoch in range(1, epochs + 1):
            for step in range(1, per + 1):
                time.sleep(0.002)
                control.step(step, per)
            control.epoch(epoch, {"loss": 1 / epoch})


def until(told: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not told():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_it_waits_goes_on_and_comes_through(held: Lake) -> None:
    changes: list[str] = []
    control = Control(held, standing(), lambda told: changes.append(told.state))
    thread = threading.Thread(target=steps, args=(control,))
    thread.start()
    until(lambda: bool(standings(held)))
    ask(held, control.standing, "pause", by="anna")
    until(lambda: standings(held)[0].state == "paused")
    (first,) = standings(held)
    time.sleep(0.05)
    assert standings(held) == [first]
    assert first.live
    assert first.why == "by anna"
    let_go_on(held, first)
    thread.join(10)
    assert not thread.is_alive()
    assert changes == ["paused", "training"]
    assert not standings(held)
    assert not list(held.path("trainings", "p").iterdir())


@pytest.mark.parametrize("paused", [False, True])
def test_stopped_it_says_who_how_far_and_how_to_go_on(held: Lake, paused: bool) -> None:
    control = Control(held, standing())

    def between(what: str, done: int, total: int, note: str) -> None:
        if note.startswith("epoch 2 of 3:"):
            ask(held, control.standing, "pause" if paused else "stop", by="anna")
        if note.startswith("paused"):
            ask(held, control.standing, "stop", by="bert")

    who = "bert" if paused else "anna"
    with progress.listen(between), pytest.raises(Stopped) as caught:
        steps(control)
    fix = "`trading-ml training resume p` goes on from there"
    assert str(caught.value) == f"training of p: was stopped by {who}, after epoch 2 of 3; {fix}"
    assert caught.value.exit_code == 1
    (told,) = standings(held)
    assert (told.state, told.epoch, told.metrics) == ("stopped", 2, {"loss": 0.5})
    assert not told.live


def test_what_was_asked_of_an_earlier_training_is_forgotten(held: Lake) -> None:
    ask(held, standing(), "stop")
    steps(Control(held, standing()), epochs=1)
    assert not standings(held)


def test_how_it_broke_off_is_kept_and_a_dead_process_is_known_by_its_lock(lake: Lake) -> None:
    for broken, state in ((KeyboardInterrupt, "interrupted"), (ValueError("too\nbad"), "failed")):
        with pytest.raises((KeyboardInterrupt, ValueError)), Control(lake, standing(state)).under_way():
            raise broken
    with alone(lake, "p", "alive"):
        Control(lake, standing("alive"))._tell()
        Control(lake, standing("dead"))._tell()
        found = {told.key: told for told in standings(lake, "p")}
        assert {key: told.state for key, told in found.items()} == {
            "interrupted": "interrupted", "failed": "failed", "alive": "training", "dead": "died",
        }  # fmt: skip
        assert found["failed"].why == "with ValueError: too"
        assert [key for key, told in found.items() if told.live] == ["alive"]
    assert not standings(lake, "another")


def test_progress_moves_within_an_epoch(held: Lake) -> None:
    told: list[tuple[int, int, str]] = []
    control = Control(held, standing())
    with progress.listen(lambda what, done, total, note: told.append((done, total, note))), control.under_way():
        control.step(10, 40, {"loss": 0.25})
        control.step(11, 40)  # at once: nobody is told
        control.epoch(1, {"loss": 0.5, "val_loss": 0.75})
    assert told == [
        (250, 3000, "epoch 1 of 3, 25 %: loss 0.2500"),
        (1000, 3000, "epoch 1 of 3: loss 0.5000, val_loss 0.7500"),
    ]


def test_one_process_at_a_time_has_a_key(lake: Lake) -> None:
    with alone(lake, "p", "k") as mine, alone(lake, "p", "other") as other:
        assert mine
        assert other
        with alone(lake, "p", "k", wait=False) as second:
            assert not second
    with alone(lake, "p", "k", wait=False) as after:
        assert after
