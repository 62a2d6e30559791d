"""`dataset audit` on the command line: the findings, the files beside the dataset, the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset, build, sources
from trading_ml_tests.datasets.conftest import HOME, Tables
from trading_ml_tests.datasets.test_datasets_build import dates

PROJECT = f"""\
name: toy
instruments: ["test:A"]
bars: {{every: 1m}}
features: {{pair: {{use: "{HOME}:pair", window: 3}}, single: {{use: "{HOME}:single", window: 5}}}}
labels: {{up: {{use: "{HOME}:up"}}}}
split: {{by: date, validation_from: 2024-02-05, test_from: 2024-02-09}}
model: {{family: dense, units: [4]}}
"""


@pytest.fixture
def leaking(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A dataset with a column that is the label, and its project file."""
    monkeypatch.setattr(sources.feature_proof, "require", lambda lake, bound: None)
    monkeypatch.setattr(sources.label_proof, "require", lambda lake, bound: None)
    monkeypatch.setenv("TRADING_ML_PROJECTS", str(tmp_path))
    (tmp_path / "toy.yaml").write_text(PROJECT)
    tables = Tables(Lake(root), bars=40)
    params = tables.params(["test:A"])
    for day in dates():
        features, labels = tables.frame("test:A", day)
        known = labels["up"].cast(pl.Float64).alias("single")
        tables.put(params, "test:A", day, features.with_columns(known), labels)
    return build(tables.lake, params)


def test_a_refusal_is_exit_code_1_and_says_why(cli, leaking: Dataset) -> None:
    answer = cli("dataset", "audit", "toy", "--json")
    assert answer.code == 1
    assert answer.json["passed"] is False
    assert answer.json["dataset"] == leaking.digest
    (refusal,) = [finding for finding in answer.json["findings"] if finding["severity"] == "refuse"]
    assert refusal["check"] == "leak"
    assert refusal["sentence"].startswith("single alone tells up (AUC 1.000)")
    assert json.loads((leaking.folder / "audit.json").read_text()) == answer.json
    assert "single alone tells up" in (leaking.folder / "audit.html").read_text()


def test_the_bounds_are_those_of_the_project_file(cli, leaking: Dataset, tmp_path: Path) -> None:
    told = cli("dataset", "audit", "toy", leaking.digest[:12])
    assert told.code == 1
    assert "refuse" in told.out
    (tmp_path / "toy.yaml").write_text(PROJECT + "audit: {leak: false}\n")
    mended = cli("dataset", "audit", "toy")
    assert (mended.code, "passed" in mended.out) == (0, True)


def test_what_cannot_be_audited(cli, leaking: Dataset) -> None:
    assert cli("dataset", "audit", "toys").code == 2
    assert "unknown" in cli("dataset", "audit", "toy", "0" * 12).err
