"""What has to be built again is looked for among what is new, and every date of a cell counts."""

from __future__ import annotations

import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from benchmarks.catalogue import Catalogue, fill, weekdays, write_raw
from trading_ml.core.lake import Lake
from trading_ml.defs import due as module
from trading_ml.defs.due import Due, ranges
from trading_ml.ticks import merge, records, uploads
from trading_ml.ticks.records import Cell


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    made = Catalogue(tmp_path, instruments=3, years=1)
    for name in ("DATA", "PROJECTS", "GRANULARITY", "FIRST_DATE"):
        monkeypatch.setenv(f"TRADING_ML_{name}", "")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    made.settle()
    fill(made)
    return Lake(made.root)


def test_a_catalogue_that_is_there_is_current_and_its_ledger_is_kept_by_instrument(catalogue):
    assert merge.stale(catalogue) == {}
    assert merge.instruments(catalogue) == ["lseg:C0000", "lseg:C0001", "lseg:C0002"]
    (upload,) = records.known(catalogue, "lseg:C0001")
    assert len(merge.shares(catalogue, "lseg:C0001")) == len(weekdays(2025))
    assert records.parsed(catalogue, upload.id).zones == {"lseg:C0001": "UTC"}


def test_only_instruments_of_new_uploads_become_due(catalogue, monkeypatch):
    monkeypatch.setattr(module, "MARGIN", 0)
    first = Due.resumed(catalogue, None)
    assert first.instruments == ("lseg:C0000", "lseg:C0001", "lseg:C0002")
    rest = first.less({"lseg:C0000", "lseg:C0002"})
    time.sleep(0.02)
    path = write_raw(catalogue, "C0002", [date(2025, 3, 3)], price=7)
    uploads.parse(catalogue, uploads.announce(catalogue, path).id)
    assert Due.resumed(catalogue, rest).instruments == ("lseg:C0001", "lseg:C0002")
    (cell,) = merge.stale(catalogue, "lseg:C0002")
    assert cell == Cell("trades", "lseg:C0002", date(2025, 3, 3))
    assert merge.stale(catalogue, "lseg:C0001") == {}


def test_new_facts_about_instruments_make_all_of_them_due(catalogue, tmp_path, monkeypatch):
    done = Due.resumed(catalogue, None).less({"lseg:C0000", "lseg:C0001", "lseg:C0002"})
    assert Due.resumed(catalogue, done.replace('"since":', '"since":9')).instruments == ()
    facts = tmp_path / "facts.yaml"
    facts.write_text("- {match: 'lseg:C0001', rules: [zero_or_negative_size]}\n")
    monkeypatch.setenv("TRADING_ML_INSTRUMENTS", str(facts))
    again = Due.resumed(catalogue, done)
    assert len(again.instruments) == 3
    assert len(merge.stale(catalogue, "lseg:C0001")) == len(weekdays(2025))


def test_every_date_of_a_cell_of_told_bars_counts(lake):
    month = Cell("bars_1m", "x:Y", date(2018, 2, 1))
    ((days, _),) = ranges({month: "inputs"}, lake, "x:Y")
    assert days == [date(2018, 2, 1) + timedelta(days=number) for number in range(28)]
    year = Cell("bars_1h", "x:Y", date(2018, 1, 1))
    ((days, _),) = ranges({year: "inputs", month: "others"}, lake, "x:Y")
    assert len(days) == 365


def test_dates_to_come_are_not_asked_for(lake):
    this_year = Cell("bars_1h", "x:Y", date.today().replace(month=1, day=1))
    ((days, _),) = ranges({this_year: "inputs"}, lake, "x:Y")
    assert days[-1] <= date.today()


def test_days_with_ticks_between_touched_ones_split_the_range(catalogue):
    cells = {Cell("trades", "lseg:C0000", date(2025, 3, day)): "inputs" for day in (3, 4, 6)}
    found = ranges(cells, catalogue, "lseg:C0000")
    assert [[day.day for day in days] for days, _ in found] == [[3, 4], [6]]
    assert len({inputs for _, inputs in found}) == 2
