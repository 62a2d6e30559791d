"""What a run over a project's tables is asked for: the dates of which something changed, and no others."""

from __future__ import annotations

import os
import shutil
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from trading_ml.core.digest import file_digest
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.defs.code import Code
from trading_ml.defs.marks import Mark, spans
from trading_ml.defs.runs import Runs
from trading_ml.project import Project
from trading_ml.ticks import merge, uploads
from trading_ml_tests.defs.test_defs_sensors import PROJECT, raw

DAYS = [date(2024, 1, 2) + timedelta(n) for n in range(30)]
TABLES = (("ticks", "trades"), ("bars", "1m"), ("features", "one"), ("labels", "one"))
NAME = "test:A"


def project(**changes: object) -> Project:
    raw = {
        "name": "one", "instruments": [NAME], "bars": {"every": "1m"}, "features": {"ret": {"use": "log_return"}},
        "labels": {"up": {"use": "direction"}}, "model": {"family": "dense"},
        "split": {"by": "date", "validation_from": "2024-01-10", "test_from": "2024-01-20"},
    }  # fmt: skip
    return Project.parse(raw | changes, "")


def put(lake: Lake, table: tuple[str, ...], day: date, value: int = 0) -> None:
    lake.table(*table).write(NAME, day, pl.DataFrame({"value": [day.toordinal(), value]}), inputs=str(value))


def mark(lake: Lake, **changes: object) -> Mark:
    return Mark(lake, project(**changes), NAME)


@pytest.fixture
def kept(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Tables of all days but the last, as a run left them."""
    monkeypatch.setattr("os.fsync", lambda handle: None)
    for day in DAYS[:-1]:
        for table in TABLES:
            put(lake, table, day)
    assert mark(lake).stale(DAYS[:-1]) == DAYS[:-1]
    mark(lake).keep(DAYS[:-1])
    return lake


def test_nothing_is_stale_that_nobody_touched(kept: Lake) -> None:
    assert mark(kept).stale(DAYS[:-1]) == []
    assert mark(kept).stale(DAYS[3:9]) == []


def test_a_new_date_is_stale_and_no_other(kept: Lake) -> None:
    put(kept, ("ticks", "trades"), DAYS[-1])
    assert mark(kept).stale(DAYS) == DAYS[-1:]
    mark(kept).keep(DAYS)
    assert mark(kept).stale(DAYS) == []


@pytest.mark.parametrize("table", TABLES)
def test_so_is_one_of_which_any_table_holds_something_else(kept: Lake, table: tuple[str, ...]) -> None:
    put(kept, table, DAYS[7], 1)
    kept.table(*table).remove(NAME, DAYS[9])
    assert mark(kept).stale(DAYS[:-1]) == [DAYS[7], DAYS[9]]


def test_files_written_again_with_the_same_content_are_not(kept: Lake) -> None:
    for table in TABLES:
        put(kept, table, DAYS[5])
        os.utime(kept.table(*table).path(NAME, DAYS[6]), (1, 1))
    assert mark(kept).stale(DAYS[:-1]) == []


def test_a_date_whose_ticks_are_gone_is_asked_for_where_it_lies_between(kept: Lake) -> None:
    assert mark(kept).stale([*DAYS[:4], *DAYS[5:8]]) == [DAYS[4]]
    mark(kept).keep([*DAYS[:4], *DAYS[5:8]])
    assert mark(kept).stale(DAYS[:-1]) == [DAYS[4]]  # the others stand as they stood


def test_another_script_makes_all_dates_stale(kept: Lake) -> None:
    assert mark(kept, features={"ret": {"use": "log_return"}, "atr": {"use": "atr"}}).stale(DAYS[:-1]) == DAYS[:-1]
    assert mark(kept, bars={"every": "5m"}).stale(DAYS[:-1]) == DAYS[:-1]
    assert mark(kept, split={"by": "ratios"}).stale(DAYS[:-1]) == []


def test_far_dates_are_ranges_of_their_own() -> None:
    assert list(spans(DAYS, [])) == []
    assert list(spans(DAYS, [DAYS[-1]])) == [DAYS[-1:]]
    assert list(spans(DAYS, [DAYS[29], DAYS[0], DAYS[1]])) == [DAYS[:2], DAYS[29:]]
    assert list(spans(DAYS, [DAYS[0], DAYS[20]])) == [DAYS[:21]]


def test_one_more_date_runs_alone_and_ends_with_the_bytes_of_a_clean_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "projects").mkdir()
    (tmp_path / "projects" / "one.yaml").write_text(PROJECT.format(name="one", instruments="simulated:ALFA"))
    monkeypatch.setenv("TRADING_ML_PROJECTS", str(tmp_path / "projects"))
    path, name = raw(tmp_path / "raw", "ALFA", DAYS[0], DAYS[3]), "simulated:ALFA"

    def run(root: str, *ends: int) -> tuple[Lake, list[list[date]]]:
        """Run over the first so many days, again and again; what the later runs were asked for."""
        monkeypatch.setenv("TRADING_ML_DATA", str(tmp_path / root))
        lake, asked = Lake(tmp_path / root), []
        uploads.parse(lake, uploads.record(lake, uploads.check(path)).id)
        merge.build_span(lake, instrument(name), DAYS[0], DAYS[3])
        runs = Runs(lake, Code.load())
        grid = runs._grid
        runs._grid = lambda name, days, assets: asked.append(days) or grid(name, days, assets)
        for end in ends:
            runs.tables(runs.code.projects[0], name, DAYS[:end])
        return lake, asked

    daily, asked = run("daily", 2, 3, 3)
    shutil.copytree(daily.path("proofs"), tmp_path / "clean" / "proofs")
    clean, _ = run("clean", 3)
    assert asked == [DAYS[:2], DAYS[2:3]]
    for room in ("bars", "features", "labels"):
        made = [
            {file.relative_to(lake.root): file_digest(file) for file in sorted(lake.path(room).rglob("*.parquet"))}
            for lake in (daily, clean)
        ]
        assert made[0] == made[1] != {}
