"""Projects whose scripts look at other bars: these are built with them, and what comes late reaches who looked."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from trading_ml.core.errors import BadProject, Unknown
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.defs.code import Code
from trading_ml.defs.runs import Runs
from trading_ml.project import Project, load
from trading_ml.ticks import merge, uploads
from trading_ml_tests.defs.test_defs_sensors import House, raw

PROJECT = """\
name: one
instruments: ["simulated:ALFA"]
bars: {every: 1m}
features:
  slow: {use: log_return, on: 30m}
  beta: {use: log_return, on: {every: 5m, instrument: "simulated:BETA", max_age: 2h}}
labels:
  up: {use: direction, on: 1m}
split: {by: date, validation_from: 2024-01-03, test_from: 2024-01-04}
model: {family: dense, units: [4]}
"""
JAN2, JAN3, JAN4 = date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    (tmp_path / "projects").mkdir()
    (tmp_path / "projects" / "one.yaml").write_text(PROJECT)
    monkeypatch.setenv("TRADING_ML_PROJECTS", str(tmp_path / "projects"))
    monkeypatch.setenv("TRADING_ML_DATA", str(tmp_path / "root"))
    return House(tmp_path / "root")


def column(lake: Lake, day: date, name: str) -> pl.Series:
    return lake.table("features", "one").read("simulated:ALFA", day)[name]


def test_other_bars_are_assets_that_the_tables_depend_on(house):
    graph = house.code.definitions.resolve_asset_graph()
    keys = {key.to_user_string(): key for key in graph.get_all_asset_keys()}
    assert {"bars/1m", "bars/5m", "bars/30m"} <= set(keys)
    for part in ("features", "labels", "proofs"):
        parents = {key.to_user_string() for key in graph.get(keys[f"one/{part}"]).parent_keys}
        assert {"bars/1m", "bars/5m", "bars/30m"} <= parents


def test_bars_of_another_instrument_reach_who_looks_at_them_whenever_they_come(house, tmp_path):
    house.drop(raw(tmp_path / "a", "BETA", JAN2, JAN3))
    house.drop(raw(tmp_path / "b", "ALFA", JAN2, JAN4))
    house.settle()
    assert {name.split("/")[1] for name in house.built() if name.startswith("bars/")} == {"1m", "5m", "30m"}
    assert not any("BETA" in name for name in house.built() if name.startswith(("features/", "labels/")))
    assert column(house.lake, JAN2, "beta").null_count() < 30
    assert column(house.lake, JAN3, "beta").is_null().all(), "of two hours ago at most, and the other one is missing"
    assert column(house.lake, JAN2, "slow").null_count() < 70
    assert column(house.lake, JAN3, "slow").null_count() == 0
    before = house.built()

    house.drop(raw(tmp_path / "c", "BETA", JAN3, JAN4))
    (tags,) = house.settle()
    assert tags["dagster/asset_partition_range_start"] == "2024-01-03|simulated@BETA"
    assert column(house.lake, JAN3, "beta").null_count() < 30
    after = house.built()
    written = {name for name in after if after[name] != before.get(name)}
    others = {name for name in written if "BETA" not in name}
    assert others == {"features/one/simulated@ALFA/2024-01-03.parquet"}


def test_a_project_run_builds_the_bars_that_its_scripts_look_at(tmp_path, monkeypatch):
    (tmp_path / "one.yaml").write_text(PROJECT)
    monkeypatch.setenv("TRADING_ML_DATA", str(tmp_path / "root"))
    monkeypatch.setenv("TRADING_ML_PROJECTS", str(tmp_path / "none"))
    store, project = Lake(tmp_path / "root"), load(tmp_path / "one.yaml")

    def ingest(symbol: str) -> None:
        upload = uploads.record(store, uploads.check(raw(tmp_path / symbol, symbol, JAN2, JAN4)))
        uploads.parse(store, upload.id)
        merge.build_span(store, instrument(f"simulated:{symbol}"), JAN2, JAN4)

    ingest("ALFA")
    runs = Runs(store, Code.load(project))
    with pytest.raises(Unknown, match=r"features\.beta\.on, simulated:BETA: unknown instrument"):
        runs.tables(project, "simulated:ALFA", [JAN2, JAN3])
    ingest("BETA")
    runs.tables(project, "simulated:ALFA", [JAN2, JAN3])
    assert store.table("bars", "5m").dates("simulated:BETA") == [JAN2, JAN3]
    assert column(store, JAN3, "beta").null_count() < 10, "but for the first minutes after a night"
    labels = store.table("labels", "one").read("simulated:ALFA", JAN2)
    assert labels["up"].null_count() < labels.height / 2
    monkeypatch.setattr(runs, "_grid", lambda *_: pytest.fail("nothing changed"))
    runs.tables(project, "simulated:ALFA", [JAN2, JAN3])


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ("{evry: 5m}", "features.slow.on.evry: unknown key; did you mean 'every'?"),
        ("{instrument: BETA}", "is not SOURCE:SYMBOL"),
        ("{every: 1m, statistics: [nothing]}", "'nothing' is not a bar statistic"),
        ("{every: 5m, max_age: soon}", "features.slow.on.max_age: is not a duration"),
    ],
)
def test_other_bars_that_cannot_be_are_an_error_of_the_project_file(tmp_path, on, said):
    (tmp_path / "one.yaml").write_text(PROJECT.replace("on: 30m", f"on: {on}"))
    with pytest.raises(BadProject) as caught:
        load(tmp_path / "one.yaml")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_project_survives_its_canonical_text(tmp_path):
    import yaml

    (tmp_path / "one.yaml").write_text(PROJECT)
    project = load(tmp_path / "one.yaml")
    assert Project.model_validate(yaml.safe_load(project.text())) == project
    assert [bars.name for bars in project.all_bars] == ["1m", "30m", "5m"]
    assert project.looks_at("simulated:BETA")
    assert not project.looks_at("simulated:ALFA")
