"""A graph as a picture: a card for each node, from features at the top to labels at the bottom.

A card tells the node's name, its component with the parameters that were set, and, of a model that is built, the shape
of what it gives and how many weights it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from trading_ml.core.errors import BadParams
from trading_ml.models.graph import INPUT, JOINING, OUTPUT, Graph, Node
from trading_ml.models.layered import layered
from trading_ml.models.shapes import shape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("svg", "png")
_WIDE, _HIGH, _ROW, _MARGIN, _TITLE, _STRIPE, _TIP = 3.1, 0.56, 0.98, 0.3, 0.4, 0.07, 0.14  # inches
_LETTERS = 50  # of a card's lower line
_INK, _FAINT, _LINE, _PAPER = "#1f2933", "#6b7784", "#9aa5b1", "#ffffff"
_COLORS = {
    "input": "#2b6cb0", "scaling": "#2c8c84", "learnt": "#6b46c1", "shaping": "#8795a1", "own": "#c05621",
    "output": "#2f855a",
}  # fmt: skip
_SCALINGS = ("minmax", "relative_to_last", "relative_to_mid", "zscore", "log")
_SHAPING = (*JOINING, "flatten", "dropout", "max_pool", "mean_over_bars", "position")


class Measure(NamedTuple):
    """What a node comes to in a model."""

    shape: str
    """Of what it gives, for people."""
    weights: int


def measures(model: Any, graph: Graph) -> dict[str, Measure]:
    """Shapes and numbers of weights of a built network's nodes; of what is no layer of its own, nothing."""
    names = {name: feature for feature, name in graph.features.items()}
    layers = {layer.name: layer for layer in getattr(model, "layers", ())}
    found = {name: layers[names.get(name, name)] for name in graph.nodes if names.get(name, name) in layers}
    return {name: Measure(_shape(layer), layer.count_params()) for name, layer in found.items()}


def _shape(layer: Any) -> str:
    """Of what a layer gives; nothing where it gives several."""
    return shape(layer.output) if hasattr(layer.output, "shape") else ""


def picture(graph: Graph, title: str = "", measured: Mapping[str, Measure] | None = None) -> Figure:
    """The graph as a figure, drawn without a display.

    Args:
        graph: What to draw.
        title: What stands above it.
        measured: What the nodes come to, where the model is built.
    """
    from matplotlib.figure import Figure

    told = measured or {}
    layout = layered({name: graph.nodes[name].reads for name in graph.order}, 1 + 0.22 / _WIDE, 0.14 / _WIDE)
    wide = (layout.width + 1) * _WIDE + 2 * _MARGIN
    high = (layout.rows - 1) * _ROW + _HIGH + 2 * _MARGIN + _TITLE
    spot = lambda place: (_MARGIN + (place[0] + 0.5) * _WIDE, high - _TITLE - _MARGIN - _HIGH / 2 - place[1] * _ROW)
    figure = Figure(figsize=(wide, high), dpi=120, facecolor=_PAPER)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, wide), ylim=(0, high))
    axes.axis("off")
    weights = f"{sum(each.weights for each in told.values()):,} weights" if told else ""
    axes.text(_MARGIN, high - _MARGIN, title, fontsize=12, fontweight="bold", color=_INK, va="center")
    axes.text(wide - _MARGIN, high - _MARGIN, weights, fontsize=9, color=_FAINT, va="center", ha="right")
    for line in layout.lines.values():
        _line(axes, [spot(place) for place in line])
    for name, place in layout.places.items():
        _card(axes, *spot(place), name, graph.nodes[name], told.get(name))
    return figure


def drawn(figure: Figure, form: str) -> bytes:
    """The bytes of a figure as `svg` or `png`; the same figure gives the same bytes."""
    from matplotlib import rc_context

    buffer = BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "graph", "font.family": "DejaVu Sans"}):
        figure.savefig(buffer, format=form, metadata={"Date": None} if form == "svg" else None)
    return buffer.getvalue()


def write(figure: Figure, path: Path) -> None:
    """Draw a figure into a file, by its suffix.

    Raises:
        BadParams: when the suffix is neither `.svg` nor `.png`.
    """
    form = path.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        raise BadParams(path.name, "is not a picture that can be drawn", "end it with .svg or .png")
    path.write_bytes(drawn(figure, form))


def kind(node: Node) -> str:
    """What a node is for, as its color tells."""
    if node.use in (INPUT, OUTPUT):
        return node.use
    if ":" in node.use:
        return "own"
    return "scaling" if node.use in _SCALINGS else "shaping" if node.use in _SHAPING else "learnt"


def _card(axes: Axes, x: float, y: float, name: str, node: Node, measured: Measure | None) -> None:
    from matplotlib.patches import FancyBboxPatch

    left, right, below = x - _WIDE / 2, x + _WIDE / 2, y - _HIGH / 2
    round_ = lambda size: f"round,pad=0,rounding_size={size}"
    card = FancyBboxPatch((left, below), _WIDE, _HIGH, round_(0.07), fc=_PAPER, ec="#cbd2d9", lw=0.9, zorder=3)
    stripe = FancyBboxPatch((left, below), _WIDE, _HIGH, round_(0.07), fc=_COLORS[kind(node)], ec="none", zorder=4)
    cover = FancyBboxPatch((left, below), _WIDE, _HIGH, round_(0.07), fc="none", ec="#cbd2d9", lw=0.9, zorder=6)
    for patch in (card, stripe, cover):
        axes.add_patch(patch)
    stripe.set_clip_path(axes.add_patch(_strip(left, below)))
    up, down, ends = y + 0.115, y - 0.13, {"ha": "right", "zorder": 7, "va": "center", "fontsize": 7.5}
    begins = {"ha": "left", "zorder": 7, "va": "center"}
    axes.text(left + 0.17, up, _short(name, 28), fontsize=9.5, fontweight="bold", color=_INK, **begins)
    weights = f"{measured.weights:,} weights" if measured and measured.weights else ""
    told = _short(_told(name, node), _LETTERS - len(weights))
    axes.text(left + 0.17, down, told, fontsize=7.5, color=_FAINT, **begins)
    if measured:
        axes.text(right - 0.12, up, measured.shape.replace("samples, ", ""), color=_INK, **ends)
        axes.text(right - 0.12, down, weights, color=_COLORS[kind(node)], **ends)


def _strip(left: float, below: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((left, below), _STRIPE, _HIGH, fc="none", ec="none")


def _line(axes: Axes, spots: list[tuple[float, float]]) -> None:
    """A curve from below one card to above another, upright in every row that it passes."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    (x, y), *between, (end, top) = spots
    stops = [(x, y - _HIGH / 2)]
    for across, level in between:
        stops += [(across, level + _HIGH / 2), (across, level - _HIGH / 2)]
    stops += [(end, top + _HIGH / 2 + _TIP), (end, top + _HIGH / 2 + 0.01)]
    points, codes = [stops[0]], [Curve.MOVETO]
    for number, ((x0, y0), (x1, y1)) in enumerate(pairwise(stops)):
        straight = number % 2 == 1  # past a row, and into the card
        bend = (y0 + y1) / 2
        points += [(x1, y1)] if straight else [(x0, bend), (x1, bend), (x1, y1)]
        codes += [Curve.LINETO] if straight else [Curve.CURVE4] * 3
    style = "-|>,head_length=0.32,head_width=0.16"
    arrow = FancyArrowPatch(
        path=Curve(points, codes), arrowstyle=style, mutation_scale=14, lw=1.1, color=_LINE, zorder=2
    )
    axes.add_patch(arrow)


def _told(name: str, node: Node) -> str:
    """The component with the parameters that are not as by default."""
    if node.use in (INPUT, OUTPUT):
        aim = node.settings.feature if node.use == INPUT else node.settings.label
        rest = node.settings.model_dump(exclude={"feature", "label"}, exclude_defaults=True)
        return ", ".join([f"{'feature' if node.use == INPUT else 'label'} {aim}", *map(_said, rest.items())])
    set_ = node.settings.model_dump(mode="json", exclude_defaults=True)
    return " · ".join(filter(None, [node.use, ", ".join(map(_said, set_.items()))]))


def _said(item: tuple[str, Any]) -> str:
    key, value = item
    if isinstance(value, bool):
        return key if value else f"no {key}"
    if isinstance(value, float):
        return f"{key} {value:.3g}"
    return value if isinstance(value, str) else f"{key} {value}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
