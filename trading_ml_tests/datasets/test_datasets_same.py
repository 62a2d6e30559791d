"""The same dataset, byte for byte, however it came to be; and what each build says it built, and why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from trading_ml.core import progress
from trading_ml.core.digest import file_digest
from trading_ml.core.lake import Lake
from trading_ml.datasets import DatasetParams, assemble, build, events
from trading_ml.datasets.series import Made, Order, Store
from trading_ml_tests.datasets.conftest import HOME, Tables

FIRST, LAST = date(2024, 1, 30), date(2024, 2, 13)

SLOWLY = """
import os, sys, time
from datetime import date, timedelta
from pathlib import Path
from trading_ml.core.lake import Lake
from trading_ml.datasets import build, series, sources
from trading_ml_tests.datasets.conftest import Tables

sources.feature_proof.require = sources.label_proof.require = lambda lake, bound: None
publish = series.publish
def slow(staged, final):
    publish(staged, final)
    print("chunk", flush=True)
    time.sleep(0.2)
series.publish = slow
build(Lake(Path(sys.argv[1])), Tables(Lake(Path(sys.argv[1]))).params(), workers=2)
"""


def dates(first: date = FIRST, last: date = LAST) -> list[date]:
    return [first + timedelta(n) for n in range((last - first).days)]


def published(lake: Lake, project: str = "toy") -> dict[str, str]:
    """Digest of every file below a project's datasets."""
    folder = lake.path("datasets", project)
    return {str(path.relative_to(folder)): file_digest(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def fresh(tmp_path: Path, name: str, days: Sequence[date], params: DatasetParams | None = None) -> Tables:
    """The same tables in a root of their own."""
    tables = Tables(Lake(tmp_path / name))
    tables.write(params or tables.params(), days)
    return tables


@pytest.fixture
def clean(tables: Tables) -> dict[str, str]:
    """What one build over all days publishes."""
    tables.write(tables.params(), dates())
    build(tables.lake, tables.params(), workers=1)
    return published(tables.lake)


def test_any_number_of_workers_any_order_any_day(
    clean: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2031, 5, 6, tzinfo=UTC)

    monkeypatch.setattr(events, "datetime", Later)
    monkeypatch.setattr(time, "time", lambda: 1_936_000_000.0)
    monkeypatch.setattr(time, "time_ns", lambda: 1_936_000_000 * 10**9)
    other = fresh(tmp_path, "later", dates()[::-1])
    build(other.lake, other.params(["test:B", "test:A"]), workers=4)
    assert published(other.lake) == clean
    assert [event.at.year for event in events.events(other.lake, "toy")] == [2031]


def test_day_by_day_ends_with_the_bytes_of_a_clean_build(clean: dict[str, str], tmp_path: Path) -> None:
    other = fresh(tmp_path, "daily", dates(FIRST, LAST - timedelta(3)))
    for day in dates(LAST - timedelta(3), LAST):
        build(other.lake, other.params())
        other.write(other.params(), [day])
    last = build(other.lake, other.params())
    daily = published(other.lake)
    assert clean.items() <= daily.items()  # beside the chunks and datasets of the days before
    assert f"{last.folder.name}/manifest.json" in clean


def test_killed_between_chunks_it_goes_on_where_it_was(clean: dict[str, str], tmp_path: Path) -> None:
    other = fresh(tmp_path, "killed", dates())
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.Popen(
        [sys.executable, "-c", SLOWLY, str(other.lake.root)], env=env, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout
    for _ in range(3):
        assert child.stdout.readline() == "chunk\n"
    child.send_signal(signal.SIGKILL)
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    series = other.lake.path("datasets", "toy", "series")
    there = {path.name: path.stat().st_mtime_ns for path in series.iterdir()}
    assert 3 <= len(there) < 8
    assert [path.name for path in other.lake.path("datasets", "toy").iterdir()] == ["series"]
    other.lake.sweep()
    told = assemble(other.lake, other.params()).told
    assert told.startswith(f"{8 - len(there)} chunk")
    assert f"built, {len(there)} reused" in told
    assert {path.name: path.stat().st_mtime_ns for path in series.iterdir()}.items() >= there.items()
    assert published(other.lake) == clean
    assert not list(other.lake.path("tmp").iterdir())


def test_progress_is_told_while_chunks_are_written(tables: Tables) -> None:
    tables.write(tables.params(), dates())
    heard: list[tuple[str, int, int, int]] = []

    def listener(what: str, done: int, total: int, note: str) -> None:
        heard.append((what, done, total, len(list(tables.lake.path("datasets", "toy", "series").glob("*.parquet")))))

    with progress.listen(listener):
        told = assemble(tables.lake, tables.params(), workers=1).told
    chunks = [(done, there) for what, done, total, there in heard if what == "chunks of toy" and total == 8]
    assert [done for done, _ in chunks] == list(range(9))
    assert all(there >= done for done, there in chunks)
    assert any(there < 8 for _, there in chunks[1:])  # while, not after
    assert [what for what, *_ in heard][-1].endswith(told)


class TestReasons:
    """Two instruments, two months: four chunks of features, four of labels."""

    @pytest.fixture(autouse=True)
    def _built(self, tables: Tables) -> None:
        tables.write(tables.params(), dates())
        build(tables.lake, tables.params())

    def told(self, tables: Tables, **changes: object) -> str:
        return assemble(tables.lake, tables.params(**changes)).told

    def test_nothing_new(self, tables: Tables) -> None:
        assert self.told(tables) == "0 chunks built, 8 reused"

    def test_a_new_day(self, tables: Tables) -> None:
        tables.write(tables.params(), [LAST])
        assert self.told(tables) == (
            "4 chunks built, 4 reused: 2 chunks of features, new day 2024-02-13; 2 chunks of labels, new day 2024-02-13"
        )

    def test_the_day_before_a_new_month_has_a_day_after_it_now(self, tables: Tables) -> None:
        more = dates(LAST, date(2024, 3, 1))
        tables.write(tables.params(["test:A"]), more)
        assert "1 chunk of features, new days 2024-02-13 to 2024-02-29 (17)" in self.told(tables)
        features, labels = tables.frames["test:A", more[-1]]
        tables.put(tables.params(), "test:A", more[-1], features, labels.with_columns(up=~pl.col("up")))
        tables.write(tables.params(["test:A"]), [date(2024, 3, 1)])
        assert self.told(tables) == (
            "3 chunks built, 7 reused: 1 chunk of features, new day 2024-03-01; "
            "1 chunk of labels, 2024-02-29 has a day after it now; 1 chunk of labels, new day 2024-03-01"
        )

    def test_a_day_that_goes_and_one_that_changes(self, tables: Tables) -> None:
        for kind in ("features", "labels"):
            tables.lake.table(kind, "toy").remove("test:A", date(2024, 2, 3))
        features, labels = tables.frame("test:B", date(2024, 2, 4))
        tables.put(tables.params(), "test:B", date(2024, 2, 4), features.with_columns(single=1.0), labels)
        assert self.told(tables) == (
            "3 chunks built, 5 reused: 1 chunk of features, no more day 2024-02-03; "
            "1 chunk of labels, no more day 2024-02-03; 1 chunk of features, other values on 2024-02-04"
        )

    def test_a_parameter_rebuilds_what_depends_on_it_alone(self, tables: Tables) -> None:
        features = {"pair": {"use": f"{HOME}:pair", "window": 3}, "single": {"use": f"{HOME}:single", "scale": 2.0}}
        params = tables.params(features=features)
        for (name, day), (shown, told) in list(tables.frames.items()):
            tables.put(params, name, day, shown.with_columns(pl.col("single") * 2), told)
        assert self.told(tables, features=features) == (
            "4 chunks built, 4 reused: 4 chunks of features, features/single scale 1.0 → 2.0"
        )

    def test_a_window_or_a_split_is_no_reason_for_chunks(self, tables: Tables) -> None:
        features = {"pair": {"use": f"{HOME}:pair", "window": 2}, "single": {"use": f"{HOME}:single", "window": 5}}
        assert self.told(tables, features=features) == "0 chunks built, 8 reused"
        assert self.told(tables, split={"by": "ratios"}) == "0 chunks built, 8 reused"

    def test_another_source_of_the_same_values_builds_nothing(
        self, tables: Tables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("trading_ml.core.script.made_of", lambda *_: "edited")
        params = tables.params()
        for (name, day), frames in list(tables.frames.items()):
            tables.put(params, name, day, *frames)
        assert self.told(tables) == "0 chunks built, 8 reused"
        first, second = (event.digest for event in events.events(tables.lake, "toy"))
        assert first != second  # another dataset all the same: it stands on other sources

    def test_another_source_and_other_values(self, tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("trading_ml.core.script.made_of", lambda function, _: function.__name__)
        params = tables.params(["test:A"])
        for (name, day), (shown, told) in list(tables.frames.items()):
            tables.put(params, name, day, shown.with_columns(pl.col("single") + 1), told)
        assert self.told(tables) == (
            "4 chunks built, 4 reused: 4 chunks of features, features/pair source changed, "
            "features/single source changed"
        )

    def test_a_new_instrument_and_a_new_column(self, tables: Tables) -> None:
        tables.write(tables.params(["test:C"]), dates())
        instruments = ["test:A", "test:B", "test:C"]
        assert assemble(tables.lake, tables.params(instruments)).told == (
            "4 chunks built, 8 reused: 2 chunks of features, new instrument test:C; "
            "2 chunks of labels, new instrument test:C"
        )
        features = {"pair": {"use": f"{HOME}:pair", "window": 3}}
        assert self.told(tables, features=features).startswith(
            "4 chunks built, 4 reused: 4 chunks of features, features/single left out"
        )

    def test_a_chunk_that_was_lost(self, tables: Tables) -> None:
        before = published(tables.lake)
        path = next(tables.lake.path("datasets", "toy", "series").iterdir())
        path.unlink()
        assert "1 chunk built, 7 reused: 1 chunk of " in self.told(tables)
        assert published(tables.lake) == before


def test_symbols_are_built_side_by_side(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    both, have = threading.Barrier(2), Store._have
    tables.write(tables.params(), dates(date(2024, 2, 1)))  # each instrument has one chunk of a kind

    def meeting(self: Store, order: Order) -> Made:
        both.wait(20)
        return have(self, order)

    monkeypatch.setattr(Store, "_have", meeting)
    assert assemble(tables.lake, tables.params(), workers=2).told.startswith("4 chunks built")
