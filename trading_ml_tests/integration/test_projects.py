"""The project files that are shipped, and what `price_regressions` asks against the raw candles, in plain Python."""

from __future__ import annotations

import csv
from datetime import date
from itertools import islice, pairwise
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest

from trading_ml import bars, datasets, features, labels
from trading_ml.cli.demo import demo
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.models.source import targets
from trading_ml.project import Project, load, load_all
from trading_ml.ticks import merge, uploads

FOLDER = Path(__file__).parents[2] / "projects"
CANDLES, BACK, AHEAD, HALF_HOUR = 420, 128, 32, 1800


def test_every_project_file_is_well_formed_and_documented() -> None:
    good, broken = load_all(FOLDER)
    assert not broken
    pages = "\n".join(page.read_text("utf-8") for page in (FOLDER.parent / "docs" / "projects").glob("*.md"))
    assert not [project.name for project in good if project.name not in pages]
    assert all(project.description.endswith(("?", ")")) for project in good)


def test_the_demo_runs_projects_that_are_there() -> None:
    named = get_args(get_args(get_type_hints(demo, include_extras=True)["project"])[0])
    assert set(named) <= {path.stem for path in FOLDER.glob("*.yaml")}
    assert all(
        load(FOLDER / f"{name}.yaml").instruments[0].startswith(("simulated:", "ig:SIMULATED")) for name in named
    )


def test_the_linear_learner_is_asked_the_same_as_the_network() -> None:
    dense, linear = (load(FOLDER / f"{name}.yaml") for name in ("order_profit", "order_profit_linear"))
    asked = {"instruments", "bars", "features", "labels", "samples", "split"}
    assert dense.model_dump(include=asked) == linear.model_dump(include=asked)


@pytest.fixture(scope="module")
def raw(market_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file's first nine days."""
    path = tmp_path_factory.mktemp("raw") / "BTCUSDT_30m.csv"
    with (market_data / "binance_btcusdt_30m" / "BTCUSDT_30m_20170817_20200812.csv").open() as file:
        path.write_text("".join(islice(file, CANDLES + 1)))
    return path


@pytest.fixture(scope="module")
def candles(raw: Path) -> list[tuple[int, float]]:
    """When each half-hour opened, in seconds, and its close."""
    with raw.open() as file:
        return [(int(row["time"]), float(row["close"])) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def project() -> Project:
    return load(FOLDER / "price_regressions.yaml")


@pytest.fixture(scope="module")
def dataset(project: Project, raw: Path, tmp_path_factory: pytest.TempPathFactory) -> datasets.Dataset:
    """From raw rows to a dataset, room by room."""
    lake, traded = Lake(tmp_path_factory.mktemp("root")), instrument("binance:BTCUSDT")
    uploads.parse(lake, uploads.announce(lake, raw, "binance_candles").id)
    (month,) = merge.stale(lake)
    merge.build_dates(lake, traded, [month.date], month.kind)
    dates = list(bars.sources(lake, project.bars).days(traded, date(2017, 8, 1), date(2017, 9, 1)))
    bars.build(lake, traded, project.bars, dates)
    for room, uses in ((features, project.features), (labels, project.labels)):
        for use in uses.values():
            room.proof.prove_and_store(lake, use.bound)
    features.build(lake, project.name, traded, project.bars, project.features, dates)
    labels.build(lake, project.name, traded, project.bars, project.labels, dates)
    return datasets.build(lake, project.dataset((traded.name,)))


def test_every_window_and_every_path_is_that_of_the_raw_candles(
    dataset: datasets.Dataset, candles: list[tuple[int, float]]
) -> None:
    everything = np.arange(dataset.samples.height)
    shown, (starts, ends) = dataset.windows(everything, "closes"), dataset.label_intervals(everything)
    (path,) = targets(dataset, ["path"])
    answers = np.stack([dataset.labels(everything, column) for column in path.columns], axis=1)
    assert len(everything) == CANDLES - (BACK - 1) - AHEAD
    assert answers.shape[1] == AHEAD
    opened, closes = zip(*candles, strict=True)
    for sample, last in enumerate(range(BACK - 1, CANDLES - AHEAD)):
        assert shown[sample, :, 0] == pytest.approx(closes[last - BACK + 1 : last + 1], rel=1e-7)
        expected = [100 * (closes[last + step] - closes[last]) / closes[last] for step in range(1, AHEAD + 1)]
        assert answers[sample] == pytest.approx(expected, rel=1e-4, abs=1e-5)
        assert starts[sample] == (opened[last] + HALF_HOUR) * 10**9
        assert ends[sample] == (opened[last + AHEAD] + HALF_HOUR) * 10**9


def test_no_path_reaches_into_a_part_that_judges_it(dataset: datasets.Dataset) -> None:
    parts = [dataset.label_intervals(dataset.indices(name)) for name in ("train", "validation", "test")]
    for (_, before), (after, _) in pairwise(parts):
        assert before.max() <= after.min()
    assert len(dataset.indices("purged")) >= 2 * (AHEAD - 1)
