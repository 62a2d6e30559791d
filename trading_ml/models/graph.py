"""A model as a graph of components: named nodes that read each other, from features to labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pydantic import ConfigDict, field_validator, model_validator

from trading_ml.core.errors import BadParams, TradingError, nearest
from trading_ml.core.params import Params
from trading_ml.models.component import Component

INPUT, OUTPUT, ADAPTING = "input", "output", "zscore"
JOINING = ("concatenate", "residual")
FIXED = (INPUT, ADAPTING, "minmax", "relative_to_last", "relative_to_mid", "log", "flatten", "concatenate")
"""What does not learn while training, so that a scaling behind it can adapt before training begins."""


class Node(Params):
    """A node: which component, what it reads, and the component's own parameters as the remaining keys.

    Example:
        >>> Node.parse({"use": "dense", "units": 8, "reads": "prices"}, "model.nodes.hidden").reads
        ('prices',)
    """

    model_config = ConfigDict(extra="allow")

    use: str
    """Built-in component, or `package.module:function`."""
    reads: tuple[str, ...] = ()
    """Names of nodes; the one before it in the file where nothing is said."""

    @field_validator("reads", mode="before")
    @classmethod
    def _one_or_several(cls, reads: Any) -> Any:
        named = (reads,) if isinstance(reads, str) else reads
        if not isinstance(named, list | tuple) or not all(isinstance(name, str) for name in named):
            raise ValueError(f"is {reads!r}, where the name of a node is expected, or a list of names")
        return tuple(named)

    @cached_property
    def component(self) -> Component:
        """The component, found, with its parameters set."""
        return Component.load(self.use, self.model_extra or {})

    @property
    def settings(self) -> Any:
        """The component's parameters."""
        return self.component.params

    @model_validator(mode="after")
    def _is_usable(self) -> Node:
        try:
            _ = self.settings
        except TradingError as error:
            raise ValueError(str(error)) from None
        return self


class Graph(Params):
    """Nodes by name; checked for names, cycles, ends and loose ends, without importing Keras.

    Example:
        >>> nodes = {"x": {"use": "input", "feature": "atr"}, "flat": {"use": "flatten"}}
        >>> graph = Graph(nodes={**nodes, "y": {"use": "output", "label": "rises"}})
        >>> graph.order, graph.features, graph.labels
        (('x', 'flat', 'y'), {'atr': 'x'}, {'rises': 'y'})
    """

    nodes: dict[str, Node]

    @model_validator(mode="before")
    @classmethod
    def _read_the_one_before(cls, given: Any) -> Any:
        """Write out what is left unsaid: a node reads the one before it in the file."""
        if not isinstance(given, Mapping) or not isinstance(given.get("nodes"), Mapping):
            return given
        written, before = {}, None
        for name, node in given["nodes"].items():
            if isinstance(node, Mapping) and node.get("use") != INPUT and before and not node.get("reads"):
                node = {**node, "reads": before}
            written[name] = node
            if not isinstance(node, Mapping) or node.get("use") != OUTPUT:
                before = name
        return {**given, "nodes": written}

    @model_validator(mode="after")
    def _is_a_graph(self) -> Graph:
        try:
            for check in (
                self._check_reads,
                self._check_cycles,
                self._check_joins,
                self._check_adapting,
                self._check_ends,
            ):
                check()
        except TradingError as error:
            raise ValueError(str(error)) from error
        return self

    @cached_property
    def order(self) -> tuple[str, ...]:
        """All nodes, each after what it reads."""
        return tuple(TopologicalSorter({name: node.reads for name, node in self.nodes.items()}).static_order())

    @cached_property
    def features(self) -> dict[str, str]:
        """Features that go in, with the input node of each."""
        return {node.settings.feature: name for name, node in self._of(INPUT)}

    @cached_property
    def labels(self) -> dict[str, str]:
        """Labels that come out, with the output node of each."""
        return {node.settings.label: name for name, node in self._of(OUTPUT)}

    @cached_property
    def adapting(self) -> dict[str, tuple[str, ...]]:
        """Nodes that learn from the training windows before training begins, in order, and the features of each."""
        return {name: self.shown(name) for name in self.order if self.nodes[name].use == ADAPTING}

    def shown(self, name: str) -> tuple[str, ...]:
        """The features that a node's values come from."""
        before = self._before(name) | {name}
        return tuple(feature for feature, node in self.features.items() if node in before)

    def _before(self, name: str) -> set[str]:
        """All nodes that a node's values come from."""
        read = self.nodes[name].reads
        return set(read).union(*map(self._before, read))

    def _of(self, use: str) -> Iterator[tuple[str, Node]]:
        return ((name, node) for name, node in self.nodes.items() if node.use == use)

    def _check_reads(self) -> None:
        for name, node in self.nodes.items():
            where = f"model.nodes.{name}"
            if not name.isidentifier():
                raise BadParams(where, "is no name for a node", "use letters, digits and _")
            for other in node.reads:
                if other not in self.nodes:
                    raise BadParams(where, f"reads '{other}', which is no node", nearest(other, self.nodes))
                if self.nodes[other].use == OUTPUT:
                    raise BadParams(where, f"reads the output '{other}'", "read the node that the output reads")
            if node.use == INPUT and node.reads:
                raise BadParams(where, "is an input and reads a node", "leave out reads")
            if node.use != INPUT and not node.reads:
                raise BadParams(where, "reads nothing", "name a node in reads, or put an input before it")

    def _check_cycles(self) -> None:
        try:
            _ = self.order
        except CycleError as caught:
            around = " → ".join(reversed(caught.args[1]))
            raise BadParams("model.nodes", f"go round in a circle: {around}", "let one of them read another") from None

    def _check_adapting(self) -> None:
        for name, _ in self._of(ADAPTING):
            for other in sorted(self._before(name)):
                if self.nodes[other].use not in FIXED:
                    problem = f"adapts before training begins to '{other}', which learns while training"
                    raise BadParams(f"model.nodes.{name}", problem, f"let it read no other than {', '.join(FIXED)}")

    def _check_joins(self) -> None:
        for name, node in self.nodes.items():
            if node.use not in JOINING and ":" not in node.use and len(node.reads) > 1:
                problem = f"is a {node.use} and reads {len(node.reads)} nodes"
                raise BadParams(f"model.nodes.{name}", problem, "join them by concatenate")

    def _check_ends(self) -> None:
        for use, named in ((INPUT, self.features), (OUTPUT, self.labels)):
            ends = [name for name, _ in self._of(use)]
            if not ends:
                what = "feature: a name" if use == INPUT else "label: a name"
                raise BadParams("model.nodes", f"have no {use}", f"add {{use: {use}, {what}}}")
            for name in ends:
                if name not in named.values():
                    raise BadParams(f"model.nodes.{name}", f"is a second {use} of the same name", "keep one")
        read = {other for node in self.nodes.values() for other in node.reads}
        for name, node in self.nodes.items():
            if node.use != OUTPUT and name not in read:
                kind = "input" if node.use == INPUT else "node"
                problem = f"is an unused {kind}: nothing reads it"
                raise BadParams(f"model.nodes.{name}", problem, "let a node read it, or remove it")


def mermaid(graph: Graph, shapes: Mapping[str, str] | None = None) -> str:
    """The graph as a Mermaid flowchart, from features to labels.

    Args:
        graph: What to draw.
        shapes: What to write below a node's name, such as the shape of what it gives.
    """
    lines = ["flowchart TD"]
    for name, node in graph.nodes.items():
        told = [name if node.use in (INPUT, OUTPUT) else f"{name}<br/>{node.use}", (shapes or {}).get(name, "")]
        left, right = ("([", "])") if node.use in (INPUT, OUTPUT) else ("[", "]")
        lines.append(f'    {name}{left}"{"<br/>".join(filter(None, told))}"{right}')
    lines += [f"    {other} --> {name}" for name, node in graph.nodes.items() for other in node.reads]
    return "\n".join(lines)
