"""The project `order_profit` on a few hundred orders: its inputs and answers against the raw files, in plain Python."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from trading_ml import bars, datasets, features, labels
from trading_ml.adapters.simulated.bot import BotParams, market, orders
from trading_ml.adapters.simulated.ig import export
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.labels import LabelUse
from trading_ml.models import runtime
from trading_ml.models.build import build as build_model
from trading_ml.models.build import graph_of
from trading_ml.models.predict import predict
from trading_ml.models.train import train
from trading_ml.project import Project, load
from trading_ml.ticks import merge, uploads

SYMBOL = "ig:SIMULATED_BTC"
MARKET = BotParams(orders=400, every_seconds=8, volatility=2, trend=0.3, half_life_seconds=300, missing=0.1)
HORIZON = 240


@pytest.fixture(scope="module")
def project() -> Project:
    """As it is shipped, but for how long an order may take in this faster market."""
    shipped = load(Path("projects/order_profit.yaml"))
    return shipped.model_copy(
        update={
            "labels": {"order": LabelUse.parse({"use": "order_outcome", "orders": "recorded", "horizon": HORIZON}, "")}
        }
    )


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bot")
    return {file.adapter: file.path for file in export(MARKET, folder, folder)}


@pytest.fixture(scope="module")
def dataset(project: Project, raw: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> datasets.Dataset:
    """From the raw files to a dataset, room by room."""
    lake, traded = Lake(tmp_path_factory.mktemp("root")), instrument(SYMBOL)
    for adapter, path in raw.items():
        uploads.parse(lake, uploads.announce(lake, path, adapter).id)
    days: dict[str, set[date]] = defaultdict(set)
    for cell in merge.stale(lake):
        days[cell.kind].add(cell.date)
    for kind, dates in days.items():
        merge.build_dates(lake, traded, dates, kind)
    for params in project.all_bars:
        bars.build(lake, traded, params, days["quotes"])
    for use in project.features.values():
        features.proof.prove_and_store(lake, use.bound)
    for use in project.labels.values():
        labels.proof.prove_and_store(lake, use.bound)
    features.build(lake, project.name, traded, project.bars, project.features, days["quotes"])
    labels.build(lake, project.name, traded, project.bars, project.labels, days["quotes"])
    return datasets.build(lake, project.dataset((SYMBOL,)))


def good(path: Path, columns: int) -> list[list[str]]:
    """Rows of a file that can be read."""
    with path.open() as file:
        return [row for row in csv.reader(file) if len(row) == columns and row[0].isdigit() and row[1] and row[5]]


def test_every_input_and_answer_is_that_of_the_raw_files(dataset: datasets.Dataset, raw: dict[str, Path]) -> None:
    quotes = {int(row[0]) // 1000: list(map(float, row[1:8])) for row in good(raw["ig_prices"], 11)}
    placed: dict[int, list[str]] = {}
    for row in good(raw["ig_orders"], 8):
        placed.setdefault(int(row[0]) // 1000, row)
    everything = np.arange(dataset.samples.height)
    mids, quote = dataset.windows(everything, "mids"), dataset.windows(everything, "quote")
    answers, (starts, ends) = dataset.labels(everything, "order"), dataset.label_intervals(everything)
    late = 0
    for sample, (start, end) in enumerate(zip(starts // 10**9, ends // 10**9, strict=True)):
        order = placed.pop(start)  # the first of the second that the sample's bar closes with
        assert answers[sample] == (order[1] == "profit")
        shown, told = [], []
        for second in range(start - 900, start):  # a missing second shows the one before it, and no other order's
            told = quotes.get(second, told)
            shown.append((told[0] + told[1]) / 2 if told else np.nan)
        assert mids[sample, :, 0] == pytest.approx(shown[-600:], rel=1e-7)
        bid, offer, opened, _, _, high, low = told
        assert quote[sample, 0] == pytest.approx([bid, offer, opened, high, low], rel=1e-7)
        level, rises = float(order[7 if answers[sample] else 6]), bool(answers[sample])
        bids = [(second, quotes[second][0]) for second in range(start + 1, end) if second in quotes]
        reached = [second for second, bid in bids if (bid >= level if rises else bid <= level)]
        assert reached == [end - 1]
        late += end - start > 60
    assert len(everything) > 300
    assert late > 20
    assert len(placed) < 0.05 * len(everything)  # those whose end is not seen within the horizon, and none else


def test_no_label_ends_before_its_order_was_closed(dataset: datasets.Dataset) -> None:
    made = market(MARKET)
    closed = {int(second): int(end) for second, end, _ in reversed(list(zip(*orders(MARKET, made), strict=True)))}
    starts, ends = dataset.label_intervals(np.arange(dataset.samples.height))
    truth = np.array([closed[second] + 1 for second in ((starts - made.start) // 10**9).tolist()])
    told = (ends - made.start) // 10**9
    assert (told >= truth).all()
    assert 0.8 < (told == truth).mean() < 1  # later where the second in which the level was reached is missing


def test_the_model_has_605_inputs_and_all_but_the_levels_of_prices(dataset: datasets.Dataset, project: Project) -> None:
    assert sum(shown["window"] * len(shown["columns"]) for shown in dataset.features.values()) == 605
    runtime.start(project.training.threads)
    model = build_model(dataset, graph_of(dataset, project.model))
    assert sum(int(np.prod(tensor.shape[1:])) for tensor in model.inputs) == 605
    inputs = {name: dataset.windows(np.arange(20), name) for name in dataset.features}
    dearer = {name: window * 2 for name, window in inputs.items()}
    assert model(inputs).numpy() == pytest.approx(model(dearer).numpy(), abs=1e-6)


def test_parts_follow_each_other_by_70_15_15_and_the_trained_model_ranks_orders(
    dataset: datasets.Dataset, project: Project
) -> None:
    parts = {name: dataset.indices(name) for name in ("train", "validation", "test")}
    kept = sum(map(len, parts.values()))
    assert [len(part) / kept for part in parts.values()] == pytest.approx([0.70, 0.15, 0.15], abs=0.05)
    (_, first), (second, _) = (dataset.label_intervals(parts[name]) for name in ("train", "validation"))
    assert first.max() <= second.min()
    training = project.training.model_copy(update={"epochs": 10, "early_stopping": None, "batch_size": 64})
    model = train(dataset, project.model, training).model
    answers, p = dataset.labels(parts["train"], "order"), predict(model, dataset, parts["train"])["order"]
    assert p[answers == 1].mean() > p[answers == 0].mean()
