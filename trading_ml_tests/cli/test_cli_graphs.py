"""Bad graphs, as who writes a project file meets them: one line that names the file, the line and the node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECTS = Path(__file__).parents[2] / "projects"
ENTRY, FLAT, HIDDEN = {"use": "input", "feature": "ohlcv"}, {"use": "flatten"}, {"use": "dense", "units": 3}
ANSWER = {"use": "output", "label": "rises"}
WHOLE = {"x": ENTRY, "f": FLAT, "y": ANSWER}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown component": (
        {**WHOLE, "f": {"use": "flaten"}},
        "model.nodes.f: flaten: unknown component; did you mean 'flatten'?",
    ),
    "cycle": (
        {"x": ENTRY, "f": FLAT, "a": {**HIDDEN, "reads": ["f", "b"]}, "b": HIDDEN, "y": ANSWER},
        "model.nodes: go round in a circle: a → b → a; let one of them read another",
    ),
    "unused input": (
        {"z": {"use": "input", "feature": "atr"}, **WHOLE},
        "model.nodes.z: is an unused input: nothing reads it; let a node read it, or remove it",
    ),
    "missing output": ({"x": ENTRY, "f": FLAT}, "model.nodes: have no output; add {use: output, label: a name}"),
    "label of the wrong type": (
        {**WHOLE, "y": {**ANSWER, "loss": "mae"}},
        "model.nodes.y: loss mae does not fit rises, which is 2 classes; leave out loss",
    ),
    "no such label": (
        {**WHOLE, "y": {**ANSWER, "label": "rise"}},
        "model.nodes.y: 'rise' is no label of the project; did you mean 'rises'?",
    ),
    "no mapping": ({**WHOLE, "f": "flatten"}, "model.nodes.f: is 'flatten', where keys with values are expected"),
    "reads a number": (
        {**WHOLE, "f": {**FLAT, "reads": 1}},
        "model.nodes.f.reads: is 1, where the name of a node is expected, or a list of names",
    ),
}
MISSHAPEN: dict[str, tuple[dict[str, Any], str]] = {
    "no bars left": (
        {"x": ENTRY, "f": FLAT, "h": {"use": "lstm", "units": 3}, "y": ANSWER},
        "model.nodes.h: lstm cannot read (samples, 500) of 'f': it takes (samples, bars, columns); "
        "`trading-ml component show lstm` tells what it takes",
    ),
    "attention without bars": (
        {"x": ENTRY, "f": FLAT, "h": {"use": "attention"}, "y": ANSWER},
        "model.nodes.h: attention cannot read (samples, 500) of 'f': it takes (samples, bars, columns)",
    ),
    "more bars than there are": (
        {"x": ENTRY, "p": {"use": "max_pool", "size": 101}, "f": FLAT, "y": ANSWER},
        "model.nodes.p: max_pool cannot read (samples, 100, 5) of 'x'",
    ),
    "an answer for each bar": (
        {"x": ENTRY, "y": ANSWER},
        "model.nodes.y: reads (samples, 100, 5) of 'x', but a label is one answer a sample; put flatten,",
    ),
}


@pytest.fixture
def refused(cli, tmp_path):
    def call(change: dict[str, Any], *words: str) -> str:
        """What the command says of `volatility` with other parts."""
        told = yaml.safe_load((PROJECTS / "volatility.yaml").read_text("utf-8")) | change
        path = tmp_path / "volatility.yaml"
        path.write_text(yaml.safe_dump(told, sort_keys=False))
        answer = cli("project", "check", path, *words)
        assert answer.code == 2
        assert answer.err.count("\n") == 1
        assert "Error" not in answer.err
        return answer.err

    return call


@pytest.mark.parametrize("what", BAD)
def test_a_bad_graph_is_told_without_tensorflow(what, refused):
    nodes, told = BAD[what]
    assert told in refused({"model": {"nodes": nodes}})


@pytest.mark.parametrize("what", MISSHAPEN)
def test_shapes_that_do_not_fit_are_told_when_the_model_is_built(what, refused):
    nodes, told = MISSHAPEN[what]
    assert told in refused({"model": {"nodes": nodes}}, "--build")


def test_an_unknown_optimizer_is_told_with_the_nearest(refused):
    told = refused({"training": {"optimizer": "adamm"}})
    assert "training.optimizer: 'adamm' is not a known value; did you mean 'adam'?" in told
    assert "line " in told
