"""A graph written out in the project file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

from trading_ml.core.errors import BadParams, nearest
from trading_ml.models.graph import Graph


class Explicit(Graph):
    """Nodes as the project file names them.

    Example:
        >>> nodes = {"x": {"use": "input", "feature": "atr"}, "f": {"use": "flatten"}}
        >>> Explicit(nodes={**nodes, "y": {"use": "output", "label": "up"}}).graph({"atr": 20}, ["up"]).order
        ('x', 'f', 'y')
    """

    draws: ClassVar = "the nodes that the project file names"

    family: Literal["graph"] = "graph"

    def graph(self, windows: Mapping[str, int], labels: Iterable[str]) -> Graph:
        """The graph itself.

        Raises:
            BadParams: when an input names no feature, or an output no label.
        """
        for what, named, known in (("feature", self.features, windows), ("label", self.labels, list(labels))):
            for name, node in named.items():
                if name.partition(".")[0] not in known and name not in known:
                    raise BadParams(
                        f"model.nodes.{node}", f"'{name}' is no {what} of the project", nearest(name, known)
                    )
        return self
