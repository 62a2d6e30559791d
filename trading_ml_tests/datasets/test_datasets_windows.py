"""Windows, last values, labels and batches against plain slices of the hand-written tables."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trading_ml.core.errors import Unknown
from trading_ml.datasets import Dataset, build
from trading_ml.models.batches import Batches
from trading_ml.models.source import Target
from trading_ml_tests.datasets.conftest import HOME, Tables

DATES = [date(2024, 1, 30) + timedelta(n) for n in range(14)]
COLUMNS = {"pair": ["pair.a", "pair.b"], "single": ["single"]}


def history(tables: Tables, instrument: str, feature: str) -> np.ndarray:
    """All of an instrument's rows of a feature, as the model may see them."""
    frames = [tables.frames[instrument, day][0] for day in DATES]
    return np.concatenate([frame.select(COLUMNS[feature]).to_numpy() for frame in frames]).astype(np.float32)


@pytest.fixture
def built(tables: Tables) -> Dataset:
    params = tables.params()
    tables.write(params, DATES)
    return build(tables.lake, params)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 30), st.integers(1, 30), st.randoms(use_true_random=False))
def test_windows_are_slices(tables: Tables, built: Dataset, long: int, short: int, random: Random) -> None:
    windows = {"pair": {"use": f"{HOME}:pair", "window": long}, "single": {"use": f"{HOME}:single", "window": short}}
    dataset = build(tables.lake, tables.params(features=windows))
    assert dataset.manifest["chunks"] == built.manifest["chunks"]
    indices = np.arange(dataset.samples.height)
    random.shuffle(indices)
    for feature, length in (("pair", long), ("single", short)):
        whole = {name: history(tables, name, feature) for name in ("test:A", "test:B")}
        gathered = dataset.windows(indices, feature)
        assert gathered.dtype == np.float32
        for window, index in zip(gathered, indices.tolist(), strict=True):
            name, row = dataset.samples.row(index)[:2]
            assert np.array_equal(window, whole[name][row + 1 - length : row + 1])


def test_series_are_the_whole_history(tables: Tables, built: Dataset) -> None:
    for name, values in built.series.items():
        expected = np.concatenate([history(tables, name, feature) for feature in COLUMNS], axis=1)
        assert np.array_equal(values, expected)
    assert built.columns == ["pair.a", "pair.b", "single"]


def test_last_is_the_end_of_every_window(built: Dataset) -> None:
    indices = built.indices("test")
    ends = np.concatenate([built.windows(indices, feature)[:, -1] for feature in COLUMNS], axis=1)
    assert np.array_equal(built.last(indices), ends)


def test_label_intervals(tables: Tables, built: Dataset) -> None:
    indices = built.indices("validation")[::-1]
    starts, ends = built.label_intervals(indices)
    assert (ends - starts == tables.horizon * 60 * 10**9).all()
    assert starts.tolist() == built.samples["ts"].to_physical().to_numpy()[indices].tolist()


def test_nothing_asked_nothing_given(built: Dataset) -> None:
    none = np.empty(0, np.int64)
    assert built.windows(none, "pair").shape == (0, 3, 2)
    assert built.last(none).shape == (0, 3)
    assert built.labels(none, "up").shape == (0,)


def test_batches_cover_a_part_once_in_an_order_of_seed_and_epoch(built: Dataset) -> None:
    def order(**how: int) -> list[float]:
        return [value for features, _ in built.batches("train", 10, **how) for value in features["single"][:, -1, 0]]

    straight = built.windows(built.indices("train"), "single")[:, -1, 0].tolist()
    assert order(shuffle=False) == straight
    assert order(seed=1, epoch=1) == order(seed=1, epoch=1)
    assert sorted(order(seed=1, epoch=1)) == sorted(straight)
    assert order(seed=1, epoch=1) != order(seed=1, epoch=2) != order(seed=2, epoch=1)
    sizes = [len(labels["up"]) for _, labels in built.batches("train", 10)]
    assert sizes[:-1] == [10] * (len(sizes) - 1)
    assert sum(sizes) == len(straight)


def test_batches_keep_windows_and_labels_together(built: Dataset) -> None:
    indices = built.indices("train")
    answers = dict(zip(built.last(indices)[:, 2].tolist(), built.labels(indices, "up").tolist(), strict=True))
    for features, labels in built.batches("train", 7, seed=3):
        assert [answers[value] for value in features["single"][:, -1, 0].tolist()] == labels["up"].tolist()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda d: d.indices("tests"), "tests: unknown part; did you mean 'test'?"),
        (lambda d: d.indices("test", fold=1), "1: unknown fold; known: 0"),
        (lambda d: d.windows(np.arange(1), "singl"), "singl: unknown feature of the dataset; did you mean 'single'?"),
        (lambda d: d.labels(np.arange(1), "down"), "down: unknown label of the dataset"),
    ],
)
def test_unknown_names(built: Dataset, ask: object, message: str) -> None:
    with pytest.raises(Unknown) as caught:
        ask(built)  # pyright: ignore[reportCallIssue]
    assert message in str(caught.value)


def test_batches_are_those_that_training_shows(built: Dataset) -> None:
    shown = Batches(built, built.indices("train"), [Target("up", ("up",), ("false", "true"))], 7, seed=3)
    shown.begin(2)
    for number, (features, labels) in enumerate(built.batches("train", 7, seed=3, epoch=2)):
        inputs, answers = shown[number]
        assert inputs.keys() == features.keys()
        assert all(np.array_equal(inputs[name], features[name]) for name in features)
        assert answers.tolist() == labels["up"].tolist()
    assert number == len(shown) - 1
