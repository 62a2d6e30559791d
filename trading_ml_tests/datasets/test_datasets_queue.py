"""The queue: what waits, what is promoted, by whom and why; and that nobody who trains is disturbed."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pytest

from trading_ml.core.errors import BadParams, NoData, Refused, Unknown
from trading_ml.datasets import Dataset, build, promote, promoted, queue
from trading_ml.datasets.audit import Audit, Finding
from trading_ml.datasets.events import events, record, resolve
from trading_ml_tests.datasets.conftest import Tables

FIRST, LAST = date(2024, 1, 30), date(2024, 2, 13)


def judged(dataset: Dataset, *refusals: str) -> Dataset:
    """The dataset with an audit beside it, which refuses it for each of the given reasons."""
    findings = tuple(Finding(check="tested", severity="refuse", sentence=sentence) for sentence in refusals)
    Audit(dataset=dataset.digest, params={}, findings=findings, tables={}).keep(dataset)
    return dataset


@pytest.fixture
def builds(tables: Tables) -> list[Dataset]:
    """Three datasets of a project, each of a day more; all pass their audit."""
    tables.write(tables.params(), [FIRST + timedelta(n) for n in range((LAST - FIRST).days)])
    found = [judged(build(tables.lake, tables.params()))]
    for more in range(2):
        tables.write(tables.params(), [LAST + timedelta(more)])
        found.append(judged(build(tables.lake, tables.params())))
    return found


def states(tables: Tables) -> list[str]:
    return [entry.state for entry in reversed(queue(tables.lake, "toy"))]


def test_builds_wait_in_the_order_in_which_they_were_built(tables: Tables, builds: list[Dataset]) -> None:
    assert [entry.digest for entry in queue(tables.lake, "toy")] == [each.digest for each in builds[::-1]]
    assert states(tables) == ["queued"] * 3
    build(tables.lake, tables.params())
    assert len(events(tables.lake, "toy")) == 3  # what is there already is no new build


def test_the_queue_tells_when_what_and_how_much(tables: Tables, builds: list[Dataset]) -> None:
    promote(tables.lake, "toy", builds[1].digest, why="looks right", by="ann")
    newest, middle, oldest = queue(tables.lake, "toy")
    assert (middle.promoted.by, middle.promoted.why) == ("ann", "looks right")  # pyright: ignore
    assert (newest.first, newest.last) == ("2024-01-30", "2024-02-14")
    assert newest.samples == builds[2].samples.height
    assert oldest.built is not None
    assert oldest.built.why.startswith("8 chunks built, 0 reused: 4 chunks of features, the first build;")
    assert "polars" in oldest.built.facts["libraries"]
    assert [oldest.state, middle.state, newest.state] == ["superseded", "promoted", "queued"]


def test_a_promotion_may_be_taken_back_and_all_are_remembered(tables: Tables, builds: list[Dataset]) -> None:
    lake = tables.lake
    for each in (builds[0], builds[2], builds[0]):
        promote(lake, "toy", each.digest[:8])
        assert promoted(lake, "toy") == Dataset.open(lake, "toy").digest == each.digest
    assert states(tables) == ["promoted", "queued", "superseded"]
    told = [event.digest for event in events(lake, "toy") if event.event == "promoted"]
    assert told == [builds[number].digest for number in (0, 2, 0)]


def test_promoting_what_is_promoted_changes_nothing(tables: Tables, builds: list[Dataset]) -> None:
    first = promote(tables.lake, "toy", why="once")
    assert first.digest == builds[2].digest  # the one built last
    assert promote(tables.lake, "toy", builds[2].digest, why="twice") == first
    assert len(events(tables.lake, "toy")) == 4


def test_what_is_recorded_is_never_written_again(tables: Tables, builds: list[Dataset]) -> None:
    folder = tables.lake.path("queue", "toy")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    for each in builds:
        promote(tables.lake, "toy", each.digest)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
    assert [path.name for path in sorted(folder.iterdir())] == [f"{number:06d}.json" for number in range(1, 7)]


def test_killed_before_its_event_is_there_nothing_is_promoted(
    tables: Tables, builds: list[Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(tables.lake, "toy", builds[0].digest)

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("trading_ml.core.lake.publish", killed)
        with pytest.raises(KeyboardInterrupt):
            promote(tables.lake, "toy", builds[1].digest)
    assert promoted(tables.lake, "toy") == builds[0].digest
    promote(tables.lake, "toy", builds[1].digest)
    assert promoted(tables.lake, "toy") == builds[1].digest


def test_a_build_killed_before_it_was_recorded_is_recorded_by_the_next(tables: Tables, builds: list[Dataset]) -> None:
    sorted(tables.lake.path("queue", "toy").iterdir())[-1].unlink()
    assert queue(tables.lake, "toy")[-1].built is None  # still listed, before the recorded ones
    build(tables.lake, tables.params())
    assert queue(tables.lake, "toy")[0].built is not None


def test_what_its_audit_refuses_is_promoted_by_force_and_reason_only(tables: Tables, builds: list[Dataset]) -> None:
    judged(builds[2], "up: is all true")
    assert states(tables) == ["queued", "queued", "refused"]
    with pytest.raises(
        Refused, match=r"its audit says no: up: is all true; mend it, or promote it .* --force --reason"
    ):
        promote(tables.lake, "toy", builds[2].digest)
    with pytest.raises(BadParams, match="--force: overrides the audit without a reason; say why with --reason"):
        promote(tables.lake, "toy", builds[2].digest, force=True)
    with pytest.raises(NoData, match="none is promoted"):
        promoted(tables.lake, "toy")
    done = promote(tables.lake, "toy", builds[2].digest, why="a test of the wiring", by="bob", force=True)
    assert (done.by, done.why, done.facts) == ("bob", "a test of the wiring", {"forced": True})
    assert queue(tables.lake, "toy")[0].row["why"] == "a test of the wiring; up: is all true"


def test_what_was_not_audited_is_audited_first(tables: Tables, builds: list[Dataset]) -> None:
    (builds[2].folder / "audit.json").unlink()
    assert queue(tables.lake, "toy")[0].audit == "none"
    promote(tables.lake, "toy")
    assert queue(tables.lake, "toy")[0].audit == "passed"


def test_digests_may_be_shortened_while_they_are_one(tables: Tables, builds: list[Dataset]) -> None:
    assert resolve(tables.lake, "toy", builds[0].digest[:10]) == builds[0].digest
    with pytest.raises(Unknown, match="unknown dataset of toy"):
        resolve(tables.lake, "toy", builds[0].digest[:12] + "0" * 52)
    with pytest.raises(Unknown, match="toys: unknown project with a dataset; did you mean 'toy'"):
        queue(tables.lake, "toys")
    digest = builds[0].digest[:11] + ("0" if builds[0].digest[11] != "0" else "1")
    twin = tables.lake.path("datasets", "toy", digest)
    twin.mkdir()
    (twin / "manifest.json").write_text(json.dumps({**builds[0].manifest, "digest": digest * 5}))
    with pytest.raises(Unknown, match="begins 2 datasets of toy; give more digits"):
        resolve(tables.lake, "toy", builds[0].digest[:11])


def test_a_training_keeps_its_dataset_whatever_is_built_and_promoted_meanwhile(
    tables: Tables, builds: list[Dataset]
) -> None:
    lake = tables.lake
    promote(lake, "toy", builds[0].digest)
    calm = list(builds[0].batches("train", 7, seed=3))
    reading, read = Dataset.open(lake, "toy"), []
    for number, batch in enumerate(reading.batches("train", 7, seed=3)):
        if number == 1:
            promote(lake, "toy", builds[1].digest)
        if number == 2:  # everything is made anew, chunks of the same content included
            tables.write(tables.params(), [LAST + timedelta(2)])
            promote(lake, "toy", judged(build(lake, tables.params())).digest)
        read.append(batch)
    assert len(read) == len(calm) > 3
    for (inputs, answers), (other_inputs, other_answers) in zip(read, calm, strict=True):
        assert all(np.array_equal(inputs[name], other_inputs[name]) for name in inputs)
        assert all(np.array_equal(answers[name], other_answers[name]) for name in answers)
    again = Dataset.open(lake, "toy", builds[0].digest)
    assert np.array_equal(again.last(again.indices("test")), builds[0].last(builds[0].indices("test")))


def test_events_keep_their_order_when_many_write_at_once(tables: Tables) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: record(tables.lake, "busy", "promoted", f"{n:064d}", "why"), range(24)))
    told = events(tables.lake, "busy")
    assert sorted(event.digest for event in told) == [f"{n:064d}" for n in range(24)]
    assert [event.at for event in told] == sorted(event.at for event in told)
