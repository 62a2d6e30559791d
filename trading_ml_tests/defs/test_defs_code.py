"""The code location: what is in it, and that a broken project takes nothing else down."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest

from trading_ml.defs.code import Code

TEXT = """\
name: broken
instruments: [simulated:ALFA]
bars: {every: 1m}
features: {atr: {use: atr, perod: 14}}
"""


@pytest.fixture
def projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRADING_ML_DATA", str(tmp_path / "root"))
    monkeypatch.setenv("TRADING_ML_PROJECTS", str(tmp_path / "projects"))
    return Path(shutil.copytree("projects", tmp_path / "projects"))


def groups(code: Code) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for spec in code.definitions.resolve_all_asset_specs():
        found.setdefault(spec.group_name or "", set()).add(spec.key.to_user_string())
    return found


def test_each_project_is_an_asset_group(projects):
    found = groups(Code.load())
    assert {"uploads", "ticks", "bars", "volatility", "btc_jpy_volatility"} <= set(found)
    assert found["volatility"] == {
        f"volatility/{part}" for part in ("proofs", "features", "labels", "dataset", "model", "version")
    }


def test_a_broken_project_is_named_by_file_and_line_and_takes_nothing_down(projects):
    whole = groups(Code.load())
    (projects / "broken.yaml").write_text(TEXT)
    code = Code.load()
    specs = {spec.key.to_user_string(): spec for spec in code.definitions.resolve_all_asset_specs()}
    assert groups(code) == whole | {"broken": {"broken/broken"}}
    assert "broken.yaml, line 4, features.atr" in (specs["broken/broken"].description or "")
    assert "'period'" in (specs["broken/broken"].description or "")


def test_no_project_at_all_still_loads(projects):
    shutil.rmtree(projects)
    code = Code.load()
    assert groups(code) == {"uploads": {"uploads"}, "ticks": {"ticks", "pyramid"}}
    assert isinstance(code.definitions, dg.Definitions)
