"""Runs of the command line: few, however many files and dates, and each partition they made is recorded by itself."""

from __future__ import annotations

import signal
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from trading_ml.core.errors import AccountingError
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.defs.code import Code
from trading_ml.defs.runs import Runs
from trading_ml.ticks import merge, uploads

DAYS = {"lseg:ABC.L": ["2019-05-01", "2021-03-02"], "lseg:XYZ.L": ["2021-03-02", "2024-12-24"]}


@pytest.fixture
def ingested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.setenv("TRADING_ML_DATA", str(tmp_path / "root"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "unused"))
    lake, known = Lake(tmp_path / "root"), []
    for name, days in DAYS.items():
        rows = [f"{name[5:]},{day}T10:00:00Z,Trade,10,1" for day in days]
        path = tmp_path / f"{name[5:]}.csv"
        path.write_text("#RIC,Date-Time,Type,Price,Volume\n" + "\n".join(rows) + "\n")
        known.append(uploads.announce(lake, path).id)
    runs = Runs(lake, Code.load())
    runs.ingest(*known)
    runs.merge({name: [date.fromisoformat(day) for day in days] for name, days in DAYS.items()})
    return runs


def test_many_files_are_a_run_and_many_dates_are_a_run(ingested: Runs) -> None:
    assert ingested.instance.get_runs_count() == 2
    assert all(run.is_success for run in ingested.instance.get_runs())


def test_each_partition_is_recorded_and_no_other(ingested: Runs) -> None:
    read = ingested.instance.get_materialized_partitions(dg.AssetKey("uploads"))
    assert read == {status.upload.id for status in uploads.ledger(ingested.lake)}
    made = ingested.instance.get_materialized_partitions(dg.AssetKey("ticks"))
    assert made == {f"{day}|{name.replace(':', '@')}" for name, days in DAYS.items() for day in days}
    assert not merge.stale(ingested.lake)
    for name, days in DAYS.items():
        assert [str(day) for day in ingested.lake.table("ticks", "trades").dates(name)] == days


def test_a_stopped_run_is_an_interrupt_and_is_recorded_as_such(ingested: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "build_span", lambda *_: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        ingested.merge({"lseg:ABC.L": [date(2019, 5, 1)]})
    assert not ingested.instance.get_runs(limit=1)[0].is_success


def test_metadata_are_those_of_the_partition(ingested: Runs) -> None:
    key = dg.AssetKey("ticks")
    wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=["2019-05-01|lseg@ABC.L"])
    (found,) = ingested.instance.fetch_materializations(wanted, limit=5).records
    assert found.asset_materialization is not None
    assert found.asset_materialization.metadata["dagster/row_count"].value == 1


def test_what_was_made_before_a_failure_is_recorded(ingested: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    build = merge.build_span

    def failing(lake, traded, *span):
        raise AccountingError(traded.name, "does not add up")

    monkeypatch.setattr(merge, "build_span", failing)
    before = ingested.instance.get_runs_count()
    days = {name: [date.fromisoformat(each) for each in own] for name, own in DAYS.items()}
    with pytest.raises(AccountingError, match=r"lseg:XYZ\.L: does not add up"):
        ingested.merge(days)
    assert ingested.instance.get_runs_count() == before + 1
    event = ingested.instance.get_latest_materialization_event(dg.AssetKey("ticks"))
    assert event is not None
    assert event.run_id == ingested.instance.get_runs(limit=1)[0].run_id
    assert build(ingested.lake, instrument("lseg:XYZ.L"), date(2024, 12, 24), date(2024, 12, 25))
