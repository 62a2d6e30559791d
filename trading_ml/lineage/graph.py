"""The graph of a model in a line."""

from __future__ import annotations

from collections import Counter

from trading_ml.models.graph import INPUT, OUTPUT, Graph, Node


def chain(graph: Graph) -> str:
    """Runs of nodes that follow each other, joined by arrows; what reads several names them first.

    Example:
        >>> nodes = {"x": {"use": "input", "feature": "atr"}, "flat": {"use": "flatten"}}
        >>> chain(Graph(nodes={**nodes, "y": {"use": "output", "label": "rises"}}))
        'atr → flatten → rises'
    """
    readers = Counter(other for node in graph.nodes.values() for other in node.reads)
    runs: list[list[str]] = []
    for name in graph.order:
        reads = graph.nodes[name].reads
        before = next((run for run in runs if len(reads) == 1 and run[-1] == reads[0] and readers[reads[0]] == 1), None)
        if before is None:
            runs.append([name])
        else:
            before.append(name)
    return "; ".join(_run(graph, run) for run in runs)


def _run(graph: Graph, run: list[str]) -> str:
    reads = graph.nodes[run[0]].reads
    given = [f"({' + '.join(reads)})"] if reads else []
    return " → ".join([*given, *(_told(name, graph.nodes[name]) for name in run)])


def _told(name: str, node: Node) -> str:
    """An input by its feature, an output by its label, anything else by its component and what decides its size."""
    if node.use == INPUT:
        return str(node.settings.feature)
    if node.use == OUTPUT:
        return str(node.settings.label)
    units = getattr(node.settings, "units", None)
    return node.use if units is None else f"{node.use} {units}"
