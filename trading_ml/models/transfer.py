"""Transfer: nodes that begin with the weights of the nodes of the same names of a version that was trained before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from trading_ml.core.errors import BadParams, nearest
from trading_ml.core.params import Params
from trading_ml.models.graph import ADAPTING, Graph

_KEY = "training.start_from"


class StartFrom(Params):
    """Where weights come from, and which.

    Example:
        >>> StartFrom.parse({"version": 3, "nodes": ["dense_1"], "freeze": True}, "training.start_from").project is None
        True
    """

    version: Annotated[int, Field(ge=1)] | Literal["champion"]
    """Number of a version; or `champion`, whichever that is when the training begins."""
    project: str | None = None
    """Whose version; the project's own if left out."""
    nodes: tuple[str, ...] = ()
    """Which nodes; all whose names and shapes fit if left out, but for scalings, which adapt to the new data."""
    freeze: bool = False
    """Whether these nodes stay as they are."""


@dataclass(frozen=True)
class Donor:
    """A version that gives weights."""

    name: str
    """For people."""
    digest: str
    """Hex sha256 of its weights, which is part of what decides the new ones."""
    opened: Callable[[], Any]
    """Its Keras model."""


def transfer(model: Any, graph: Graph, donor: Donor, start: StartFrom) -> frozenset[str]:
    """Give nodes the weights of the donor's; they are not compiled yet, so freezing holds.

    Returns:
        Names of the nodes that have them; such a scaling does not adapt.

    Raises:
        BadParams: naming the node and the shapes, when one that is asked for does not fit; or when none does.
    """
    ours, theirs = _weighted(model), _weighted(donor.opened())
    for name in start.nodes:
        _check(name, graph, donor, ours, theirs)
    fitting = [name for name in graph.nodes if name in ours and name in theirs]
    fitting = [name for name in fitting if _shapes(ours[name]) == _shapes(theirs[name])]
    taken = start.nodes or [name for name in fitting if graph.nodes[name].use != ADAPTING]
    if not taken:
        there = ", ".join(f"{name} {_told(layer)}" for name, layer in theirs.items())
        raise BadParams(_KEY, f"no node has name and shapes of one of {donor.name}: {there}", "name nodes alike")
    for name in taken:
        ours[name].set_weights(theirs[name].get_weights())
        ours[name].trainable = not start.freeze
    return frozenset(taken)


def _check(name: str, graph: Graph, donor: Donor, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    where = f"model.nodes.{name}"
    if name not in graph.nodes:
        raise BadParams(f"{_KEY}.nodes", f"'{name}' is no node", nearest(name, graph.nodes))
    if name not in ours:
        raise BadParams(where, "has no weights to begin with", f"leave it out of {_KEY}.nodes")
    if name not in theirs:
        raise BadParams(where, f"is no node with weights of {donor.name}", nearest(name, theirs))
    if _shapes(ours[name]) != _shapes(theirs[name]):
        problem = f"has weights of {_told(ours[name])}, that of {donor.name} {_told(theirs[name])}"
        raise BadParams(where, problem, f"give it the same shapes, or leave it out of {_KEY}.nodes")


def _weighted(model: Any) -> dict[str, Any]:
    return {layer.name: layer for layer in getattr(model, "layers", ()) if layer.weights}


def _shapes(layer: Any) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]


def _told(layer: Any) -> str:
    return " and ".join(f"({', '.join(map(str, shape))})" for shape in _shapes(layer))
