"""Graphs: what they must be, what they say when they are not, and the models that are made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from trading_ml.core.errors import BadParams
from trading_ml.models import runtime
from trading_ml.models.families import FAMILIES, resolve
from trading_ml.models.graph import Graph, mermaid

runtime.start()
keras = pytest.importorskip("keras")

from trading_ml.models.build import build  # noqa: E402

OWN = '''
"""A component of somebody's own."""

import keras


@keras.saving.register_keras_serializable("own")
class Twice(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def twice(*, times: int = 1):
    """x, doubled."""
    return Twice() if times else "nothing"
'''
ENTRY, ANSWER = {"use": "input", "feature": "prices"}, {"use": "output", "label": "rises"}
HIDDEN = {"use": "dense", "units": 3}


class Windows:
    """As much of a dataset as a graph has to know."""

    digest = "0" * 64
    features = {
        "prices": {"window": 20, "columns": ["prices.open", "prices.high", "prices.low"]},
        "atr": {"window": 20, "columns": ["atr"]},
        "slow": {"window": 8, "columns": ["slow"]},
        "hour": {"window": 1, "columns": ["hour.sin", "hour.cos"]},
    }
    manifest = {
        "labels": [
            {"name": "rises", "column": "rises", "classes": ["no", "yes"]},
            {"name": "regime", "column": "regime", "classes": ["calm", "wild", "mad"]},
            {"name": "path", "column": "path.1", "classes": None},
            {"name": "path", "column": "path.2", "classes": None},
        ]
    }


LENGTHS = {name: shown["window"] for name, shown in Windows.features.items()}
LABELS = ["rises", "regime", "path"]


def inputs(samples: int = 4) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        name: rng.normal(100, 1, (samples, shown["window"], len(shown["columns"]))).astype(np.float32)
        for name, shown in Windows.features.items()
    }


def model_of(nodes: dict[str, Any]) -> Any:
    graph = resolve({"nodes": nodes})
    assert isinstance(graph, FAMILIES["graph"])
    return build(Windows(), graph.graph(LENGTHS, LABELS))


@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in ("graph", "function")])
def test_a_family_answers_labels_of_every_kind_from_windows_of_several_lengths(family: str) -> None:
    params = resolve({"family": family, "scale": {"prices": "relative_to_mid", "atr": "zscore", "slow": "minmax"}})
    assert resolve(params.model_dump(mode="json")) == params
    graph = params.graph(LENGTHS, LABELS)
    model = build(Windows(), graph)
    answers = {label: answer.numpy() for label, answer in model(inputs()).items()}
    assert {label: answer.shape for label, answer in answers.items()} == {
        "rises": (4, 1), "regime": (4, 3), "path": (4, 2)
    }  # fmt: skip
    assert ((answers["rises"] >= 0) & (answers["rises"] <= 1)).all()
    np.testing.assert_allclose(answers["regime"].sum(1), 1, rtol=1e-5)
    assert {layer.name for layer in model.layers} >= set(graph.nodes) - {"rises", "regime", "path"}
    drawn = mermaid(graph)
    assert all(f"    {name}" in drawn for name in graph.nodes)


def test_a_node_reads_the_one_before_it_where_nothing_is_said() -> None:
    graph = Graph.model_validate({"nodes": {"x": ENTRY, "flat": {"use": "flatten"}, "h": HIDDEN, "y": ANSWER}})
    assert {name: node.reads for name, node in graph.nodes.items()} == {
        "x": (), "flat": ("x",), "h": ("flat",), "y": ("h",)
    }  # fmt: skip


def test_scalings_follow_each_other_and_a_linear_model_may_normalise_what_they_give() -> None:
    scale = {"prices": ["relative_to_last", "zscore"], "atr": "log"}
    graph = resolve({"family": "linear", "scale": scale, "normalize": True}).graph(LENGTHS, LABELS)
    assert graph.nodes["prices_zscore"].reads == ("prices_relative_to_last",)
    assert graph.adapting == {"prices_zscore": ("prices",), "normalized": tuple(LENGTHS)}


def test_the_order_in_the_file_is_free() -> None:
    nodes = {"y": {**ANSWER, "reads": "h"}, "h": {**HIDDEN, "reads": "f"}, "f": FLAT_X}
    assert model_of({**nodes, "x": ENTRY}).output_shape == (None, 1)


def test_two_outputs_may_read_one_node_and_a_column_may_be_answered_alone() -> None:
    nodes = {"x": ENTRY, "h": {"use": "lstm", "units": 3}, "y": ANSWER, "z": {"use": "output", "label": "path.2"}}
    answers = model_of(nodes)({"prices": inputs()["prices"]})
    assert {label: answer.shape for label, answer in answers.items()} == {"rises": (4, 1), "path.2": (4, 1)}


FLAT_X = {"use": "flatten", "reads": "x"}
FLAT, ATR = {"use": "flatten"}, {"use": "input", "feature": "atr"}
BAD = {
    "unknown component": (
        {"x": ENTRY, "h": {"use": "dens"}, "y": ANSWER},
        "model.nodes.h: dens: unknown component; did you mean 'dense'?",
    ),
    "misspelt parameter": (
        {"x": ENTRY, "h": {**HIDDEN, "unit": 3}, "y": ANSWER},
        "model.nodes.h: dense.unit: unknown key; did you mean 'units'?",
    ),
    "missing parameter": ({"x": ENTRY, "h": {"use": "dense"}, "y": ANSWER}, "model.nodes.h: dense.units: is required"),
    "cycle": (
        {"x": ENTRY, "a": {**HIDDEN, "reads": "b"}, "b": {**HIDDEN, "reads": "a"}, "f": FLAT_X, "y": ANSWER},
        "go round in a circle: a → b → a",
    ),
    "itself": ({"x": ENTRY, "a": {**HIDDEN, "reads": "a"}, "f": FLAT_X, "y": ANSWER}, "a → a"),
    "unused input": (
        {"x": ENTRY, "z": ATR, "f": FLAT_X, "y": ANSWER},
        "model.nodes.z: is an unused input: nothing reads it",
    ),
    "loose end": (
        {"x": ENTRY, "f": FLAT, "h": HIDDEN, "y": {**ANSWER, "reads": "f"}},
        "model.nodes.h: is an unused node",
    ),
    "no output": ({"x": ENTRY, "f": FLAT}, "model.nodes: have no output"),
    "no input": ({"h": HIDDEN, "y": ANSWER}, "model.nodes.h: reads nothing"),
    "nothing of this name": (
        {"x": ENTRY, "f": {**FLAT, "reads": "xx"}, "y": ANSWER},
        "model.nodes.f: reads 'xx', which is no node; did you mean 'x'?",
    ),
    "an answer is read": (
        {"x": ENTRY, "f": FLAT, "y": ANSWER, "h": {**HIDDEN, "reads": "y"}},
        "model.nodes.h: reads the output 'y'",
    ),
    "several for one": (
        {"x": ENTRY, "z": ATR, "f": {**FLAT, "reads": ["x", "z"]}, "y": ANSWER},
        "model.nodes.f: is a flatten and reads 2 nodes; join them by concatenate",
    ),
    "the same label twice": ({"x": ENTRY, "f": FLAT, "y": ANSWER, "z": ANSWER}, "is a second output of the same name"),
    "shape": (
        {"x": ENTRY, "f": FLAT, "h": {"use": "lstm", "units": 3}, "y": ANSWER},
        "model.nodes.h: lstm cannot read (samples, 60) of 'f'",
    ),
    "too few bars": (
        {"x": ENTRY, "h": {"use": "conv1d", "filters": 2, "kernel": 99}, "f": FLAT, "y": ANSWER},
        "model.nodes.h: conv1d cannot read (samples, 20, 3) of 'x'",
    ),
    "an answer a bar": (
        {"x": ENTRY, "y": ANSWER},
        "model.nodes.y: reads (samples, 20, 3) of 'x', but a label is one answer a sample",
    ),
    "unlike windows": (
        {
            "x": ENTRY,
            "z": {"use": "input", "feature": "slow"},
            "c": {"use": "concatenate", "reads": ["x", "z"]},
            "f": FLAT,
            "y": ANSWER,
        },
        "model.nodes.c: concatenate cannot read (samples, 20, 3) of 'x' and (samples, 8, 1) of 'z'",
    ),
    "label of the wrong kind": (
        {"x": ENTRY, "f": FLAT, "y": {**ANSWER, "loss": "mae"}},
        "model.nodes.y: loss mae does not fit rises, which is 2 classes",
    ),
    "unknown label": (
        {"x": ENTRY, "f": FLAT, "y": {**ANSWER, "label": "rise"}},
        "model.nodes.y: 'rise' is no label of the project; did you mean 'rises'?",
    ),
    "unknown feature": (
        {"x": {**ENTRY, "feature": "price"}, "f": FLAT, "y": ANSWER},
        "model.nodes.x: 'price' is no feature of the project; did you mean 'prices'?",
    ),
    "adapts too late": (
        {"x": ENTRY, "h": HIDDEN, "s": {"use": "zscore"}, "f": FLAT, "y": ANSWER},
        "model.nodes.s: adapts before training begins to 'h', which learns while training",
    ),
    "a number as a name": ({"1": ENTRY, "f": FLAT, "y": ANSWER}, "model.nodes.1: is no name for a node"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_graph_is_told_in_one_line_that_names_the_node(what: str) -> None:
    nodes, told = BAD[what]
    with pytest.raises(BadParams) as caught:
        model_of(nodes)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_family_is_told_with_the_nearest() -> None:
    with pytest.raises(BadParams, match=r"model.family: 'lstmm' is not a family; did you mean 'lstm'"):
        resolve({"family": "lstmm"})


def test_a_component_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_layers.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    nodes = {"x": ENTRY, "w": {"use": "own_layers:twice"}, "f": FLAT, "y": {**ANSWER, "label": "path.1"}}
    model = model_of(nodes)
    plain = model_of({"x": ENTRY, "f": FLAT, "y": {**ANSWER, "label": "path.1"}})
    plain.set_weights(model.get_weights())
    prices = {"prices": inputs()["prices"]}
    doubled = {"prices": 2 * prices["prices"]}
    np.testing.assert_array_equal(model(prices).numpy(), plain(doubled).numpy())
    with pytest.raises(BadParams, match="own_layers:twice returns str; a component returns a Keras layer"):
        model_of({**nodes, "w": {"use": "own_layers:twice", "times": 0}})
    with pytest.raises(BadParams, match=r"own_layers has no function 'twic'; did you mean 'twice'"):
        model_of({**nodes, "w": {"use": "own_layers:twic"}})


def test_the_documentations_graph_is_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "concepts" / "models.md").read_text("utf-8")
    told = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])
    graph = resolve(told["model"]).graph({"ohlcv": 100, "atr": 100}, ["rises"])
    assert graph.features == {"ohlcv": "prices", "atr": "level"}
    assert graph.adapting == {"scaled": ("atr",)}
