"""`trading-ml project batch`: which file, what is wrong with it, and what it prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trading_ml.cli import batches
from trading_ml_tests.models.standin import Mixed

PROJECT = """
name: mine
instruments: ["simulated:*"]
bars: {every: 1m}
features: {close: {use: mid, window: 6}, noise: {use: mid, window: 1}}
labels: {path: {use: next_bars, bars: 2}}
split: {by: ratios, train: 0.6, validation: 0.2}
model: {family: linear_regression, labels: path}
training: {threads: 1}
"""
SMALL = """project: mine
groups:
  linear_regression:
    model.alpha: [0.1, 1]
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of projects with a batch, and no need of a built dataset."""
    folder = tmp_path / "projects"
    (folder / "batches").mkdir(parents=True)
    (folder / "mine.yaml").write_text(PROJECT)
    (folder / "batches" / "small.yaml").write_text(SMALL)
    monkeypatch.setenv("TRADING_ML_PROJECTS", str(folder))
    monkeypatch.setattr(batches, "_dataset", lambda store, project: Mixed(bars=120))
    return folder


def test_a_receipt_then_models_then_nothing_to_do(cli, root, files):
    answer = cli("--json", "project", "batch", "mine", "--receipt-only")
    assert (answer.code, answer.json["models"], answer.json["groups"]) == (0, 2, {"linear_regression": 2})
    assert json.loads(Path(answer.json["receipt"]).read_text())["digest"] == answer.json["digest"]
    assert not (root / "certificates").exists()
    first = cli("--json", "project", "batch", "mine", "small", "--parallel", "1").json
    assert (first["trained"], first["skipped"], first["failed"]) == (2, 0, [])
    assert [row["group"] for row in first["rows"]] == ["linear_regression"] * 2
    assert all(Path(file).is_file() for file in first["files"].values())
    second = cli("project", "batch", "mine", files / "batches" / "small.yaml")
    assert "0 trained, 2 certified before, 0 failed" in second.out
    assert "a coin as persistent as the models" in second.out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (SMALL.replace("alpha", "alpah"), "small.yaml, line 4, groups.linear_regression.model.alpah: unknown key"),
        (SMALL.replace("mine", "other"), "small.yaml, line 1, project: is 'other', not mine; name another batch"),
        (SMALL + "metrik: rmse\n", "small.yaml, line 5, metrik: unknown key; did you mean 'metric'"),
        ("- 1", "small.yaml: is not a mapping of keys; start from projects/batches/price_regressions.yaml"),
    ],
)
def test_a_bad_file_is_told_with_its_line(cli, root, files, content, said):
    (files / "batches" / "small.yaml").write_text(content)
    answer = cli("project", "batch", "mine", "small")
    assert answer.code == 2
    assert answer.err.strip().splitlines()[-1].startswith(f"error: {said}")


def test_which_batch(cli, root, files):
    assert "smal: unknown batch; did you mean 'small'" in cli("project", "batch", "mine", "smal").err
    (files / "batches" / "more.yaml").write_text(SMALL)
    assert "mine: has the batches more, small; name one" in cli("project", "batch", "mine").err
    for path in (files / "batches").iterdir():
        path.unlink()
    assert "mine: has no batch; write batches/mine.yaml" in cli("project", "batch", "mine").err
