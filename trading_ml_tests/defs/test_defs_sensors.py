"""A file dropped into `raw/` becomes tables by sensors alone, and only the touched partitions are built again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context

from trading_ml.adapters.simulated import MarketParams, write
from trading_ml.core.lake import Lake
from trading_ml.defs.code import Code

PROJECT = """\
name: {name}
instruments: ["{instruments}"]
bars: {{every: 1m}}
features: {{ret: {{use: log_return}}}}
labels: {{up: {{use: direction}}}}
split: {{by: date, validation_from: 2024-01-03, test_from: 2024-01-04}}
model: {{family: dense, units: [4]}}
"""


class House:
    """A data root with projects, its code location, and an instance; `settle` does what the daemon would do."""

    def __init__(self, root: Path) -> None:
        self.lake, self.root = Lake(root), root
        self.code = Code.load()
        self.repository = self.code.definitions.get_repository_def()
        self.instance = dg.DagsterInstance.ephemeral()
        self.cursors: dict[str, str | None] = {}
        self.asked: set[str] = set()

    def drop(self, path: Path) -> None:
        folder = self.root / "raw" / "simulated"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / path.name)
        os.utime(folder / path.name, (1, path.stat().st_size))

    def evaluate(self, name: str) -> list[dg.RunRequest]:
        sensor = self.code.definitions.get_sensor_def(name)
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursors.get(name), repository_def=self.repository,
            resources=self.code.definitions.resources,
        )  # fmt: skip
        with context, partition_loading_context(dynamic_partitions_store=self.instance):
            data = sensor.evaluate_tick(context)
        self.cursors[name] = data.cursor
        new = [request for request in data.run_requests or [] if request.run_key not in self.asked]
        self.asked.update(str(request.run_key) for request in new)
        return new

    def settle(self) -> list[dict[str, str]]:
        """Evaluate both sensors and run what they ask for; returns the tags of the tables runs."""
        for request in self.evaluate("raw_files"):
            self.execute("ingest", request)
        requests = self.evaluate("touched")
        for request in requests:
            self.execute("tables", request)
        return [dict(request.tags) for request in requests]

    def execute(self, job: str, request: dg.RunRequest) -> None:
        self.code.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance, partition_key=request.partition_key, tags=request.tags,
            asset_selection=request.asset_selection,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )  # fmt: skip

    def built(self) -> dict[str, int]:
        """Every partition of every table, with the moment it was written."""
        rooms = ("ticks", "bars", "features", "labels")
        files = [path for room in rooms for path in (self.root / room).rglob("*.parquet")]
        return {str(path.relative_to(self.root)): path.stat().st_mtime_ns for path in files}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    (tmp_path / "projects").mkdir()
    for name, instruments in {"one": "simulated:ALFA", "two": "bitflyer:*"}.items():
        text = PROJECT.format(name=name, instruments=instruments)
        (tmp_path / "projects" / f"{name}.yaml").write_text(text)
    monkeypatch.setenv("TRADING_ML_PROJECTS", str(tmp_path / "projects"))
    monkeypatch.setenv("TRADING_ML_DATA", str(tmp_path / "root"))
    return House(tmp_path / "root")


def raw(folder: Path, symbol: str, start: date, end: date) -> Path:
    params = MarketParams(symbols=(symbol,), start=start, end=end, trades_per_minute=5)
    (written,) = write(folder, params)
    return written.path


def test_a_new_file_becomes_tables_and_a_second_one_touches_only_its_dates(house, tmp_path):
    house.drop(raw(tmp_path / "a", "ALFA", date(2024, 1, 2), date(2024, 1, 4)))
    assert len(house.settle()) == 1
    first = house.built()
    assert {name.split("/")[0] for name in first} == {"ticks", "bars", "features", "labels"}
    assert {Path(name).stem for name in first} == {"2024-01-02", "2024-01-03"}
    assert not any("/two/" in name for name in first), "a project that does not name the instrument stays out"

    assert house.settle() == []

    house.drop(raw(tmp_path / "b", "ALFA", date(2024, 2, 1), date(2024, 2, 2)))
    (tags,) = house.settle()
    assert tags["dagster/asset_partition_range_start"] == "2024-02-01|simulated@ALFA"
    assert tags["dagster/asset_partition_range_end"] == "2024-02-01|simulated@ALFA"
    second = house.built()
    new = {name for name in second if "2024-02-01" in name}
    labels_whose_future_came = {"labels/one/simulated@ALFA/2024-01-03.parquet"}
    assert {name for name in second if second[name] != first.get(name)} == new | labels_whose_future_came


def test_an_instrument_that_no_project_names_gets_the_features_of_all(house, tmp_path):
    house.drop(raw(tmp_path / "a", "OMEGA", date(2024, 1, 2), date(2024, 1, 3)))
    house.settle()
    tables = {"/".join(name.split("/")[:2]) for name in house.built()}
    assert {"features/one", "features/two", "labels/one", "labels/two"} <= tables
    assert house.instance.get_dynamic_partitions("instruments") == ["simulated@OMEGA"]


def test_an_unreadable_file_is_said_once_and_stops_nothing(house, tmp_path):
    (tmp_path / "bad.csv").write_text("nothing of the kind\n")
    house.drop(tmp_path / "bad.csv")
    house.drop(raw(tmp_path / "a", "ALFA", date(2024, 1, 2), date(2024, 1, 3)))
    assert len(house.settle()) == 1
    assert house.evaluate("raw_files") == []


def test_the_nightly_run_is_asked_for_projects_that_have_ticks(house, tmp_path):
    assert not nightly(house)
    house.drop(raw(tmp_path / "a", "ALFA", date(2024, 1, 2), date(2024, 1, 3)))
    house.settle()
    (request,) = nightly(house)
    assert [key.to_user_string() for key in request.asset_selection or []] == [
        "one/dataset",
        "one/model",
        "one/version",
    ]


def nightly(house: House) -> list[dg.RunRequest]:
    schedule = house.code.definitions.get_schedule_def("nightly")
    resources = house.code.definitions.resources
    with dg.build_schedule_context(house.instance, resources=resources) as context:
        return list(schedule.evaluate_tick(context).run_requests or [])
