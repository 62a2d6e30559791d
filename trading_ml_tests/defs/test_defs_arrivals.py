"""New files are found once, whatever their dates, and cursors do not grow with what was seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trading_ml.core.lake import Lake
from trading_ml.defs import arrivals
from trading_ml.defs.arrivals import Arrivals


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MARGIN", 0)


def drop(lake: Lake, name: str, dated: float = 1.0) -> Path:
    path = lake.path("raw", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)
    os.utime(path, (dated, dated))
    return path


def look(lake: Lake, cursor: str | None, most: int = 999) -> tuple[list[str], str]:
    found = Arrivals(lake, cursor)
    return [each.path.name for each in found.new[:most]], found.cursor(found.new[:most])


def test_a_file_is_new_once_even_where_it_keeps_an_old_date(lake):
    drop(lake, "lseg/a.csv")
    names, cursor = look(lake, None)
    assert names == ["a.csv"]
    drop(lake, "lseg/b.csv", dated=2.0)
    names, cursor = look(lake, cursor)
    assert names == ["b.csv"]
    assert look(lake, cursor)[0] == []


def test_files_still_being_written_and_mappings_are_no_arrivals(lake):
    drop(lake, "lseg/now.csv", dated=2.0**33)
    drop(lake, "lseg/own.mapping.yaml")
    drop(lake, "lseg/.hidden")
    drop(lake, "lseg/done.csv")
    names, cursor = look(lake, None)
    assert names == ["done.csv"]
    os.utime(lake.path("raw", "lseg", "now.csv"), (1, 1))
    assert look(lake, cursor)[0] == ["now.csv"]


def test_what_one_look_leaves_the_next_one_finds(lake):
    for number in range(5):
        drop(lake, f"lseg/{number}.csv")
    seen, cursor = [], None
    for _ in range(4):
        names, cursor = look(lake, cursor, most=2)
        seen += names
    assert sorted(seen) == [f"{number}.csv" for number in range(5)]


def test_a_folder_that_is_moved_in_is_new_with_all_that_is_in_it(lake, tmp_path):
    drop(lake, "lseg/a.csv")
    drop(Lake(tmp_path), "bitflyer/b.csv")
    _, cursor = look(lake, None)
    (tmp_path / "raw" / "bitflyer").rename(lake.path("raw", "bitflyer"))
    assert look(lake, cursor)[0] == ["b.csv"]


def test_the_cursor_does_not_grow_with_files(lake):
    for number in range(200):
        drop(lake, f"lseg/{number}.csv")
    names, cursor = look(lake, None)
    assert len(names) == 200
    assert len(look(lake, cursor)[1]) < 200


def test_what_came_just_before_a_look_is_remembered_by_name(lake, monkeypatch):
    monkeypatch.setattr(arrivals, "MARGIN", 3600 * 10**9)
    drop(lake, "lseg/a.csv")
    names, cursor = look(lake, None)
    assert names == ["a.csv"]
    drop(lake, "lseg/b.csv")
    assert look(lake, cursor)[0] == ["b.csv"]
