"""What a training takes beside its dataset, through the registry: other datasets, and a version to begin from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from trading_ml.core.errors import BadParams, NoData, Unknown
from trading_ml.core.lake import Lake
from trading_ml.models.params import TrainingParams
from trading_ml.models.transfer import StartFrom
from trading_ml.registry import beside, register
from trading_ml.registry.beside import completed
from trading_ml.registry.register import Order
from trading_ml.registry.store import Registry
from trading_ml_tests.models.standin import Standin
from trading_ml_tests.registry.test_registry_register import ORDER

SMALL = TrainingParams(epochs=1, batch_size=128)


def ordered(**training: Any) -> Order:
    return replace(ORDER, training=SMALL.model_copy(update=training))


@pytest.fixture(scope="module")
def source() -> Standin:
    return Standin(bars=150)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, source: Standin) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("beside") / "data")
    register.trained(lake, source, ordered())
    return lake


def test_a_version_begun_from_another_says_so_and_is_found_again(root: Lake, source: Standin) -> None:
    order = ordered(start_from=StartFrom(version=1, nodes=("dense_1",)))
    version = register.trained(root, source, order)
    registry = Registry.open(root, "volatility")
    assert version.version == registry.find(completed(root, order).key(source)).version  # pyright: ignore
    assert version.tags["start_from.version"] == "volatility version 1"
    assert version.tags["start_from"] == registry.version("1").tags["weights"]
    assert register.trained(root, source, order).version == version.version


def test_what_is_not_there_to_begin_from_is_told(root: Lake) -> None:
    with pytest.raises(Unknown, match=r"9: unknown version of volatility; known: 1"):
        completed(root, ordered(start_from=StartFrom(version=9)))
    with pytest.raises(NoData, match=r"volatility: has no champion; name a version by its number"):
        completed(root, ordered(start_from=StartFrom(version="champion")))
    with pytest.raises(NoData, match=r"order_profit: has no models yet; run `trading-ml project run order_profit`"):
        completed(root, ordered(start_from=StartFrom(version=1, project="order_profit")))


def test_other_datasets_are_learnt_from_and_part_of_the_key(
    root: Lake, source: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {"other": Standin(bars=150, seed=8), "wider": Standin(bars=150, window=9)}
    monkeypatch.setattr(beside.Dataset, "open", lambda lake, name: others[name])
    order = completed(root, ordered(datasets=("other",)))
    assert order.key(source) != ordered().key(source)
    learnt = order.learnt(source)
    assert learnt.samples.height == source.samples.height + others["other"].samples.height
    version = register.trained(root, source, ordered(datasets=("other",)))
    assert (version.tags["dataset"], version.tags["datasets"]) == (source.digest, others["other"].digest)
    with pytest.raises(BadParams, match=r"training.datasets: feature 'close' is not the same in volatility and wider"):
        register.trained(root, source, ordered(datasets=("wider",)))
    with pytest.raises(BadParams, match=r"training.datasets: names volatility itself"):
        completed(root, ordered(datasets=("volatility",)))
