"""The audit lies beside the dataset, says the same each time, and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trading_ml.core.errors import BadParams, BadProject, NoData
from trading_ml.datasets import Dataset
from trading_ml.datasets.audit import Audit, AuditParams, audit
from trading_ml.project import Project, load
from trading_ml_tests.datasets.audit.conftest import Market

PROJECT = """\
name: small
instruments: ["simulated:*"]
bars: {every: 1m}
features: {ohlcv: {use: ohlcv, window: 30}}
labels: {rises: {use: atr_rises, period: 14, horizon: 5}}
split: {by: date, validation_from: 2024-01-10, test_from: 2024-01-15}
model: {family: dense, units: [16]}
"""


def test_it_is_kept_beside_the_dataset_and_changes_nothing(honest: Dataset) -> None:
    before = {path.name: path.read_bytes() for path in honest.folder.iterdir()}
    with pytest.raises(NoData, match=f"was not audited; run `trading-ml dataset audit toy {honest.digest[:12]}`"):
        Audit.of(honest)
    told = audit(honest)
    told.keep(honest)
    assert Audit.of(honest) == told
    assert told.dataset == honest.digest
    kept = json.loads((honest.folder / "audit.json").read_text())
    assert kept["passed"] is True
    assert {name: (honest.folder / name).read_bytes() for name in before} == before
    assert Dataset.open(honest.lake, "toy", honest.digest).digest == honest.digest


def test_same_dataset_same_bytes(market: Market, honest: Dataset) -> None:
    audit(honest).keep(honest)
    before = {path.name: path.read_bytes() for path in honest.folder.iterdir()}
    again = Dataset.open(honest.lake, "toy", honest.digest)
    audit(again).keep(again)
    assert {path.name: path.read_bytes() for path in honest.folder.iterdir()} == before


def test_balance_by_month_is_what_the_samples_are(honest: Dataset) -> None:
    rows = audit(honest).tables["balance by month"]
    samples = honest.samples
    for row in rows:
        own = [up for ts, up in zip(samples["ts"], samples["up"], strict=True) if f"{ts:%Y-%m}" == row["month"]]
        assert (row["samples"], row["true"], row["false"]) == (len(own), sum(own), len(own) - sum(own))
    assert [row["month"] for row in rows] == ["2024-01", "2024-02"]


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"leek": False}, "audit.leek: unknown key; did you mean 'leak'?"),
        ({"drift": {"warn_psy": 1}}, "audit.drift.warn_psy: unknown key; did you mean 'warn_psi'?"),
        ({"filled": {"refuse_share": 2}}, "audit.filled.refuse_share: "),
    ],
)
def test_bad_bounds(section: dict, problem: str) -> None:
    with pytest.raises(BadParams) as caught:
        AuditParams.parse(section, "audit")
    assert str(caught.value).startswith(problem)


def of_file(tmp_path: Path, section: str) -> Project:
    path = tmp_path / "small.yaml"
    path.write_text(PROJECT + section)
    return load(path)


def test_the_section_of_a_project_decides_nothing_of_the_dataset(tmp_path: Path) -> None:
    plain, bounded = of_file(tmp_path, ""), of_file(tmp_path, "audit: {leak: false, filled: {refuse_share: 0.6}}\n")
    assert "leak" not in dict(bounded.audit.checks())
    assert bounded.audit.filled.refuse_share == 0.6
    assert plain.dataset(("simulated:A",)) == bounded.dataset(("simulated:A",))
    with pytest.raises(BadProject, match=r"line 8, audit\.leek: unknown key; did you mean 'leak'"):
        of_file(tmp_path, "audit: {leek: false}\n")
