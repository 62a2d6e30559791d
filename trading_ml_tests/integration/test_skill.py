"""The path finds what is there, and nothing where there is nothing: the honesty of simulator, baselines and gate."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from trading_ml import bars, datasets, features, labels
from trading_ml.adapters.simulated import MarketParams, write
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.datasets import DatasetParams
from trading_ml.models.source import targets
from trading_ml.models.train import train
from trading_ml.project import load
from trading_ml.registry.exam import sit
from trading_ml.registry.gate import Verdict, judge
from trading_ml.registry.params import GateParams
from trading_ml.ticks import merge, uploads

SYMBOL = "simulated:ALFA"
DIRECTION = {"next": labels.LabelUse.parse({"use": "direction", "horizon": 1}, "next")}
GATE = GateParams()


def market(root: Path, *, clustering: bool) -> Lake:
    """Four months of one simulated instrument, from raw files to bars."""
    lake, traded = Lake(root), instrument(SYMBOL)
    for written in write(root / "raw", MarketParams(symbols=("ALFA",), clustering=clustering)):
        uploads.parse(lake, uploads.announce(lake, written.path, "simulated").id)
    days: dict[str, set[date]] = defaultdict(set)
    for cell in merge.stale(lake):
        days[cell.kind].add(cell.date)
    merge.build_dates(lake, traded, days["trades"], "trades")
    bars.build(lake, traded, bars.BarParams(every="1m"), days["trades"])
    return lake


def judged(lake: Lake, name: str, asked: dict[str, labels.LabelUse] | None = None) -> tuple[Verdict, float, int]:
    """The gate's verdict on the shipped project's model, its test ROC AUC, and the number of test samples."""
    project, traded = load(Path("projects/volatility.yaml")), instrument(SYMBOL)
    asked = asked or dict(project.labels)
    days = lake.table("bars", "1m").dates(SYMBOL)
    for use in project.features.values():
        features.proof.prove_and_store(lake, use.bound)
    for use in asked.values():
        labels.proof.prove_and_store(lake, use.bound)
    features.build(lake, name, traded, project.bars, project.features, days)
    labels.build(lake, name, traded, project.bars, asked, days)
    params = DatasetParams(
        project=name, instruments=(SYMBOL,), bars=project.bars, features=project.features, labels=asked,
        split=project.split,
    )  # fmt: skip
    source = datasets.build(lake, params)
    model = train(source, project.model, project.training).model
    return _exam(source, model)


def _exam(source: datasets.Dataset, model) -> tuple[Verdict, float, int]:
    (label,) = targets(source)
    exam = sit(model, source, [label], GATE)["test"][0]
    return judge(GATE, [exam], 1), auc(exam.answers, exam.model), len(exam.answers)


def auc(answers: np.ndarray, p: np.ndarray) -> float:
    """Share of pairs of an up and a down sample that are in the right order; ties count half."""
    up, down = np.sort(p[answers == 1]), p[answers == 0]
    right = np.searchsorted(up, down, "left"), np.searchsorted(up, down, "right")
    return float(1 - (right[0] + right[1]).sum() / 2 / len(up) / len(down))


@pytest.fixture(scope="module")
def clustered(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return market(tmp_path_factory.mktemp("clustered"), clustering=True)


def test_on_the_default_simulation_the_model_beats_every_baseline(clustered):
    verdict, skill, _ = judged(clustered, "volatility")
    assert verdict.passed, verdict.reasons
    assert skill > 0.7


def test_the_direction_of_a_fair_coin_is_not_found(clustered):
    verdict, skill, samples = judged(clustered, "direction", DIRECTION)
    assert not verdict.passed
    assert abs(skill - 0.5) < 3 * np.sqrt(1 / (3 * samples))  # of AUC under no skill, classes balanced: √(1/3n)


def test_without_clustering_the_model_does_not_beat_the_logistic_baseline(tmp_path):
    verdict, _, _ = judged(market(tmp_path, clustering=False), "volatility")
    assert not verdict.passed
    assert any("logistic_on_last" in reason for reason in verdict.reasons)
