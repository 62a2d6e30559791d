"""The project `btc_jpy_volatility` as far as its dataset, on three real days, built by the rooms without Dagster."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from trading_ml import bars, datasets, features, labels
from trading_ml.core.instruments import Instrument, instrument
from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset
from trading_ml.features import proof as feature_proof
from trading_ml.labels import proof as label_proof
from trading_ml.project import Project, load
from trading_ml.ticks import merge, uploads

PROJECTS = Path(__file__).parents[2] / "projects"
NAME = "bitflyer:BTC_JPY"


@dataclass(frozen=True)
class Market:
    """A lake with a project's dataset, and the raw files it came from."""

    lake: Lake
    project: Project
    raw: list[Path]

    @property
    def dataset(self) -> Dataset:
        return Dataset.open(self.lake, self.project.name)

    @property
    def traded(self) -> Instrument:
        return instrument(NAME)


@pytest.fixture(scope="session")
def market(market_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Market:
    """Every script proven on crafted bars alone, which takes a second."""
    lake, project = Lake(tmp_path_factory.mktemp("lineage")), load(PROJECTS / "btc_jpy_volatility.yaml")
    raw, traded = sorted((market_data / "bitflyer_btcjpy_ticks").glob("bitflyer.execution.*")), instrument(NAME)
    for path in raw:
        uploads.parse(lake, uploads.announce(lake, path).id)
    merge.build_span(lake, traded, date.min, date.max)
    days = list(bars.build_span(lake, traded, project.bars, date.min, date.max))
    for use in project.features.values():
        feature_proof.prove_and_store(lake, use.bound)
    for use in project.labels.values():
        label_proof.prove_and_store(lake, use.bound)
    features.build(lake, project.name, traded, project.bars, project.features, days)
    labels.build(lake, project.name, traded, project.bars, project.labels, days)
    datasets.promote(lake, project.name, datasets.build(lake, project.dataset((NAME,))).digest)
    return Market(lake, project, raw)
