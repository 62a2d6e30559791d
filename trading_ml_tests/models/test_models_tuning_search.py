"""Searches over a cheap function instead of a training; registry/test_registry_study.py trains."""

from __future__ import annotations

import math
import random
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.core.errors import Refused
from trading_ml.core.lake import Lake
from trading_ml.core.parallel import Inline, Workers
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.tuning.journal import Journal
from trading_ml.models.tuning.params import TuningParams
from trading_ml.models.tuning.pruning import Pruning
from trading_ml.models.tuning.search import Listener, Task, front, search
from trading_ml.models.tuning.space import Space
from trading_ml.models.tuning.trial import Told, Trial

OVER: dict[str, Any] = {
    "training.learning_rate": {"low": 1e-5, "high": 1, "log": True},
    "model.l1": {"low": 0, "high": 1},
    "model.use_bias": [True, False],
}


def space(**tuning: Any) -> Space:
    params = TuningParams.parse({"over": OVER, "seed": 3, "batch": 3, **tuning}, "tuning")
    return Space(params, resolve({"family": "linear"}), TrainingParams(epochs=6))


def valley(task: Task) -> Trial:
    """Best at a rate of 0.01, no penalty and a bias; it improves over the epochs, and diverges at rates above 0.3."""
    off = abs(math.log10(task.training.learning_rate) + 2) + task.model.l1 + (not task.model.use_bias)  # type: ignore
    if task.training.learning_rate > 0.3:
        return Trial(state="failed", reason="diverges")
    course: tuple[float, ...] = ()
    for epoch in range(1, task.training.epochs + 1):
        course += (-off - 1 / epoch,)
        if task.pruning and task.pruning.hopeless(course):
            return Trial(state="pruned", course=course, epochs=epoch)
    scores = (-off, task.model.l1)[: 1 + (task.values.get("model.l1") is not None)]  # type: ignore
    return Trial(state="complete", scores=scores[:1], course=course, epochs=len(course))


class Shuffled(Executor):
    """Does work in any order: a future is done when somebody waits for its neighbours."""

    def __init__(self, seed: int) -> None:
        self.rng, self.pool = random.Random(seed), ThreadPoolExecutor(4)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        wait = self.rng.random() / 200
        return self.pool.submit(lambda: (time.sleep(wait), fn(*args, **kwargs))[1])


def run(
    lake: Lake, name: str, searched: Space, trials: int = 11, workers: Workers | None = None, **more: Any
) -> Journal:
    journal = Journal(lake, "p", name.ljust(64, "0"))
    with workers or Workers(1) as active:
        told = search(searched, journal, more.pop("work", valley), active, trials, **more)
    assert told == list(journal.told.values())[:trials]
    return journal


@pytest.mark.parametrize("pruner", ["none", "median", "halving"])
@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_same_is_found_however_many_at_once_and_in_whatever_order_they_end(
    lake: Lake, sampler: str, pruner: str
) -> None:
    searched = space(sampler=sampler, pruner=pruner)
    one = run(lake, "one", searched)
    for at_once in (2, 4):
        many = run(lake, f"many{at_once}", searched, workers=Workers(at_once, Shuffled(at_once)))
        assert many.digest == one.digest
    assert front(many.told.values(), searched.tuning) == front(one.told.values(), searched.tuning)
    states = {told.trial.state for told in one.told.values()}
    assert states >= {"complete", "pruned"} if pruner != "none" else states >= {"complete"}


def test_a_dask_cluster_finds_the_same(lake: Lake) -> None:
    """Its workers are threads here; in the benchmark `tuning` they are processes, and they train."""
    distributed = pytest.importorskip("distributed")
    searched, here = space(pruner="median"), {"processes": False, "dashboard_address": None}
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, **here) as cluster,
        distributed.Client(cluster) as client,
    ):
        there = run(lake, "there", searched, workers=Workers(2, client.get_executor(pure=False)))
    assert there.digest == run(lake, "here", searched).digest


@pytest.mark.parametrize("after", [0, 1, 4, 10])
def test_a_search_broken_off_anywhere_loses_nothing_and_goes_on_as_if_nothing_had_been(lake: Lake, after: int) -> None:
    searched = space(pruner="median")
    whole = run(lake, "whole", searched)
    tried: list[int] = []

    def breaks(task: Task) -> Trial:
        if len(tried) == after:
            raise KeyboardInterrupt
        tried.append(task.number)
        return valley(task)

    with pytest.raises(KeyboardInterrupt):
        run(lake, "broken", searched, work=breaks)
    assert list(Journal(lake, "p", "broken".ljust(64, "0")).told) == tried == list(range(after))
    begun: list[int] = []
    again = run(lake, "broken", searched, work=lambda task: begun.append(task.number) or valley(task))
    assert begun == list(range(after, 11))
    assert again.digest == whole.digest


def test_it_goes_on_where_only_a_later_one_of_a_round_had_ended(lake: Lake) -> None:
    searched, whole = space(), run(lake, "whole", space())
    torn = Journal(lake, "p", "torn".ljust(64, "0"))
    for number in (1, 0, 2, 5):
        torn.add(whole.told[number])
    begun: list[int] = []
    again = run(lake, "torn", searched, work=lambda task: begun.append(task.number) or valley(task))
    assert begun == [3, 4, 6, 7, 8, 9, 10]
    assert again.digest == whole.digest


def test_more_trials_later_are_those_that_would_have_come(lake: Lake) -> None:
    searched = space(sampler="random")
    few = run(lake, "few", searched, trials=4)
    assert len(few.told) == 4
    assert run(lake, "few", searched, trials=9).digest == run(lake, "nine", searched, trials=9).digest


def test_a_bayesian_search_is_one_from_the_fourth_trial_on(lake: Lake) -> None:
    first = [list(run(lake, s, space(sampler=s, seed=1, batch=1), 6).told.values()) for s in ("tpe", "random")]
    assert [one.values == other.values for one, other in zip(*first, strict=True)] == [True] * 3 + [False] * 3


def test_what_kills_its_process_fails_and_the_search_goes_on(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """As processes would: core/test_parallel.py kills real ones."""
    monkeypatch.setattr("trading_ml.core.parallel.executor", lambda workers: Deadly())
    lost: list[tuple[int, int]] = []
    searched, listener = space(sampler="random"), Listener(lost=lambda number, times: lost.append((number, times)))
    journal = run(lake, "deadly", searched, 4, Workers(2), listener=listener)
    assert journal.told[1].trial == Trial(state="failed", reason=journal.told[1].trial.reason)
    assert journal.told[1].trial.reason.startswith("1: ended its process 3 times")
    assert lost == [(1, 1), (1, 2)]
    whole = run(lake, "whole", searched, 4)
    assert [journal.told[n].outcome for n in (0, 2, 3)] == [whole.told[n].outcome for n in (0, 2, 3)]


class Deadly(Inline):
    """Whatever does trial 1 dies."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        if args[0].number != 1:
            return super().submit(fn, *args, **kwargs)
        future: Future[Any] = Future()
        future.set_exception(BrokenProcessPool())
        return future


def test_a_journal_of_another_search_is_not_gone_on_with(lake: Lake) -> None:
    run(lake, "mine", space(), trials=2)
    with pytest.raises(Refused, match="it is of another search"):
        run(lake, "mine", space(seed=4), trials=3)


def test_a_journal_keeps_what_is_searched_and_whether_it_is_closed(lake: Lake) -> None:
    journal = Journal(lake, "p", "k" * 64)
    assert (journal.told, journal.closed) == ({}, False)
    for _ in range(2):
        journal.begin({"sampler": "tpe"})
    journal.close(True)
    assert journal.closed
    journal.close(False)
    assert not journal.closed
    assert len(journal.path.read_text().splitlines()) == 3


SCORES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12)


@given(SCORES)
@settings(max_examples=60, deadline=None)
def test_the_front_is_what_nothing_beats(scores: list[tuple[int, int]]) -> None:
    tuning = TuningParams.parse({"over": OVER, "objective": ["roc_auc", "log_loss"]}, "tuning")
    told = [
        Told(number=number, values={}, trial=Trial(state="complete", scores=(float(up), float(down))))
        for number, (up, down) in enumerate(scores)
    ]
    told.append(Told(number=99, values={}, trial=Trial(state="failed")))
    found = [(int(each.trial.scores[0]), int(each.trial.scores[1])) for each in front(told, tuning)]
    beaten = lambda a: any(b != a and b[0] >= a[0] and b[1] <= a[1] for b in scores)
    assert sorted(found) == sorted(each for each in scores if not beaten(each))
    top = max(up for up, _ in scores)
    assert found[0] == (top, min(down for up, down in scores if up == top))


def test_by_halves_and_by_the_median() -> None:
    """By hand: of six earlier trials the third best at the first rung is 0.4."""
    earlier = tuple((value, value) for value in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6))
    median = Pruning("median", "maximize", 3, 0, earlier)
    assert [median.hopeless((value,)) for value in (0.34, 0.36)] == [True, False]
    assert not median.hopeless(())
    lower = Pruning("median", "minimize", 3, 0, earlier)
    assert [lower.hopeless((value,)) for value in (0.34, 0.36)] == [False, True]
    halving = Pruning("halving", "maximize", 3, 0, earlier)
    assert [halving.hopeless((value,)) for value in (0.3, 0.55)] == [True, False]
    early = Pruning("median", "maximize", 7, 0, earlier)
    assert not early.hopeless((0.0,))
    assert not Pruning("median", "maximize", 3, 1, earlier).hopeless((0.0,))
