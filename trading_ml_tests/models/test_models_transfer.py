"""Weights to begin with: which nodes take them, which stay, and what is told when they do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trading_ml.core.errors import BadParams
from trading_ml.models import runtime
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.train import Trained, recipe, train
from trading_ml.models.transfer import Donor, StartFrom
from trading_ml_tests.models.standin import Standin

runtime.start()
keras = pytest.importorskip("keras")

from trading_ml.models.build import graph_of  # noqa: E402

TRAINING = TrainingParams(epochs=1, batch_size=128, early_stopping=None)


def model(*units: int) -> Any:
    return resolve({"family": "dense", "units": units, "scale": {"close": "minmax", "noise": "zscore"}})


@pytest.fixture(scope="module")
def source() -> Standin:
    return Standin(bars=100)


@pytest.fixture(scope="module")
def older(source: Standin) -> Trained:
    return train(Standin(bars=100, seed=5), model(8, 4), TRAINING)


@pytest.fixture(scope="module")
def donor(older: Trained) -> Donor:
    return Donor("volatility version 3", older.weights_digest, lambda: older.model)


def begun(source: Standin, donor: Donor, *units: int, **told: Any) -> Trained:
    start = StartFrom(version=3, **told)
    training = TRAINING.model_copy(update={"start_from": start, "learning_rate": 1e-12})
    return train(source, model(*units), training, donor=donor)


def weights(made: Trained, name: str) -> list[np.ndarray]:
    return made.model.get_layer(name).get_weights()


def test_all_nodes_that_fit_by_name_and_shape_begin_with_the_donors(
    source: Standin, donor: Donor, older: Trained
) -> None:
    made = begun(source, donor, 8, 5)
    np.testing.assert_allclose(weights(made, "dense_1")[0], weights(older, "dense_1")[0], atol=1e-6)
    assert weights(made, "dense_2")[0].shape == (8, 5)
    shown = source.windows(source.indices("train"), "noise").astype(np.float64)
    np.testing.assert_allclose(weights(made, "noise_zscore")[0], [shown.mean()], atol=1e-6)  # it adapts all the same


def test_nodes_that_are_named_are_taken_alone_and_may_be_frozen(source: Standin, donor: Donor, older: Trained) -> None:
    start = StartFrom(version=3, nodes=("dense_1", "noise_zscore"), freeze=True)
    training = TRAINING.model_copy(update={"start_from": start, "learning_rate": 0.05})
    made = train(source, model(8, 4), training, donor=donor)
    for name in start.nodes:
        for ours, theirs in zip(weights(made, name), weights(older, name), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(weights(made, "dense_2")[0], weights(older, "dense_2")[0])


def test_which_nodes_and_whether_they_stay_decides_the_weights_but_not_the_versions_name(source: Standin) -> None:
    graph = graph_of(source, model(8))
    told = [{}, {"version": 3}, {"version": 4}, {"version": 3, "freeze": True}, {"version": 3, "nodes": ("dense_1",)}]
    starts = [StartFrom(**each) if each else None for each in told]
    keys = [recipe(graph, TRAINING.model_copy(update={"start_from": start})) for start in starts]
    assert keys[1] == keys[2]  # the digest of its weights is part of the model key instead
    assert len(set(keys)) == 4


BAD: dict[str, tuple[tuple[int, ...], dict[str, Any], str]] = {
    "shapes": (
        (8, 5),
        {"nodes": ("dense_2",)},
        r"model.nodes.dense_2: has weights of \(8, 5\) and \(5\), that of volatility version 3 \(8, 4\) and \(4\);",
    ),
    "no node": ((8, 4), {"nodes": ("dense_3",)}, r"training.start_from.nodes: 'dense_3' is no node; did you mean"),
    "not there": (
        (8, 4, 2),
        {"nodes": ("dense_3",)},
        r"model.nodes.dense_3: is no node with weights of volatility version 3; did you mean 'dense_",
    ),
    "no weights": ((8, 4), {"nodes": ("inputs",)}, r"model.nodes.inputs: has no weights to begin with; leave it out"),
    "nothing": ((7,), {}, r"training.start_from: no node has name and shapes of one of volatility version 3: noise_z"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_does_not_fit_is_told_with_node_and_shapes(what: str, source: Standin, donor: Donor) -> None:
    units, told, said = BAD[what]
    with pytest.raises(BadParams, match=said):
        begun(source, donor, *units, **told)


def test_what_has_no_nodes_with_weights_cannot_begin_with_any(source: Standin, donor: Donor) -> None:
    training = TRAINING.model_copy(update={"start_from": StartFrom(version=3)})
    with pytest.raises(BadParams, match=r"training.start_from: logistic_regression has no nodes with weights"):
        train(source, resolve({"family": "logistic_regression"}), training, donor=donor)
