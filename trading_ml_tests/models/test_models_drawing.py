"""Pictures of graphs: where cards lie, what they tell, and that the same graph gives the same bytes."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from trading_ml.core.errors import BadParams
from trading_ml.models.drawing import Measure, drawn, kind, picture, write
from trading_ml.models.families import resolve
from trading_ml.models.layered import layered

WINDOWS = {"prices": 20, "slow": 8, "hour": 1}
DRAWN = ["linear", "dense", "cnn", "cdnn", "lstm", "gru", "clstm", "transformer"]


@pytest.mark.parametrize("family", DRAWN)
def test_no_two_cards_touch_and_every_line_goes_down(family: str) -> None:
    graph = resolve({"family": family, "scale": {"prices": "zscore"}}).graph(WINDOWS, ["rises", "regime"])
    layout = layered({name: graph.nodes[name].reads for name in graph.order})
    for name, (x, row) in layout.places.items():
        for other, (at, beside) in layout.places.items():
            assert name == other or row != beside or abs(x - at) >= 1.08 - 1e-6
        assert all(layout.places[above][1] < row for above in graph.nodes[name].reads)
    for line in layout.lines.values():
        assert [row for _, row in line] == list(range(line[0][1], line[-1][1] + 1))
        for x, row in line[1:-1]:  # passes between cards
            assert all(abs(x - at) > 0.5 for at, beside in layout.places.values() if beside == row)


def test_a_chain_stands_upright_and_what_joins_two_lies_between_them() -> None:
    layout = layered({"a": [], "b": [], "c": ["a"], "d": ["b"], "e": ["c", "d"], "f": ["e"]})
    across = {name: x for name, (x, _) in layout.places.items()}
    assert across["a"] == across["c"] != across["b"] == across["d"]
    assert across["e"] == across["f"] == pytest.approx((across["a"] + across["b"]) / 2)


def test_columns_that_cross_are_drawn_all_the_same() -> None:
    crossing = {"a": [], "b": [], "c": ["a", "b"], "d": ["a", "b"], "e": ["c"], "f": ["d", "c"], "g": ["e", "a"]}
    layout = layered(crossing)
    assert len(set(layout.places.values())) == len(crossing)


def test_a_card_tells_name_component_parameters_shape_and_weights(tmp_path: Path) -> None:
    graph = resolve({"family": "dense", "units": [8], "scale": {"hour": "minmax"}}).graph(WINDOWS, ["rises"])
    measured = {name: Measure("(samples, 8)", 1234) for name in graph.nodes}
    svg = drawn(picture(graph, "volatility", measured), "svg")
    assert svg == drawn(picture(graph, "volatility", measured), "svg")
    told = {
        "".join(node.itertext()).strip() for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")
    }
    assert told >= {*graph.nodes, "volatility", "dense · units 8, relu", "minmax", "(8)", "1,234 weights"}
    assert {kind(node) for node in graph.nodes.values()} == {"input", "scaling", "shaping", "learnt", "output"}
    write(picture(graph), tmp_path / "graph.png")
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(BadParams, match=r"graph.pdf: is not a picture that can be drawn; end it with .svg or .png"):
        write(picture(graph), tmp_path / "graph.pdf")
