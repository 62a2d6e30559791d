"""Small line charts as SVG text: in milliseconds, where a page for every training must cost next to nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 420, 260, 62, 36, 28, 12
_COLORS = ("#0b5394", "#b45f06", "#6aa84f", "#8e7cc3", "#cc0000", "#999999")
_MOST = 400


def chart(title: str, lines: Mapping[str, Points], x: str, y: str, diagonal: bool = False, dots: bool = False) -> str:
    """A chart of lines by name; of a long line some points are left out.

    Args:
        title: Above it.
        lines: Points (x, y) of each; names are told where there are several.
        x: What goes to the right.
        y: What goes up.
        diagonal: Draw y = x beside them.
        dots: Mark the points.

    Example:
        >>> chart("rise", {"a": [(0, 0), (1, 2)]}, "time", "height").count("<polyline")
        1
    """
    shown = {name: _thinned(points) for name, points in lines.items()}
    every = [point for points in shown.values() for point in points] or [(0.0, 0.0)]
    low, high = _bounds([point[0] for point in every]), _bounds([point[1] for point in every])

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across = (point[0] - low[0]) / (low[1] - low[0])
        up = (point[1] - high[0]) / (high[1] - high[0])
        return _LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _BOTTOM - _TOP)

    drawn = [_frame(title, x, y, low, high)]
    if diagonal:
        first, last = max(low[0], high[0]), min(low[1], high[1])
        if first < last:
            drawn.append(_line([place((first, first)), place((last, last))], "#999", ' stroke-dasharray="3 3"'))
    for number, (name, points) in enumerate(shown.items()):
        color = _COLORS[number % len(_COLORS)]
        drawn.append(_line(list(map(place, points)), color))
        if dots or len(points) == 1:
            drawn += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5" fill="{color}"/>' for a, b in map(place, points)]
        if len(shown) > 1:
            at = f'x="{_WIDTH - _RIGHT - 4}" y="{_TOP + 12 * number + 10}"'
            drawn.append(f'<text {at} fill="{color}" text-anchor="end">{escape(name)}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}"'
    return f'{head} font-family="sans-serif" font-size="10">{"".join(drawn)}</svg>'


def _thinned(points: Points) -> Points:
    """Some points of many, the last one among them."""
    if len(points) <= _MOST:
        return points
    step = -(-len(points) // _MOST)
    return [*points[::step], points[-1]]


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    """From the least to the most, some way apart."""
    low, high = min(values), max(values)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _frame(title: str, x: str, y: str, across: tuple[float, float], up: tuple[float, float]) -> str:
    right, bottom, middle = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM, (_HEIGHT - _BOTTOM + _TOP) // 2
    texts = [
        (_LEFT, 16, "start", "13", title), ((_LEFT + right) // 2, _HEIGHT - 6, "middle", "10", x),
        (_LEFT, bottom + 14, "start", "10", f"{across[0]:.4g}"), (right, bottom + 14, "end", "10", f"{across[1]:.4g}"),
        (_LEFT - 4, bottom, "end", "10", f"{up[0]:.4g}"), (_LEFT - 4, _TOP + 8, "end", "10", f"{up[1]:.4g}"),
    ]  # fmt: skip
    told = [f'<text x="{a}" y="{b}" text-anchor="{c}" font-size="{s}">{escape(t)}</text>' for a, b, c, s, t in texts]
    told.append(f'<text transform="translate(12 {middle}) rotate(-90)" text-anchor="middle">{escape(y)}</text>')
    size = f'width="{right - _LEFT}" height="{bottom - _TOP}"'
    return f'<rect x="{_LEFT}" y="{_TOP}" {size} fill="none" stroke="#ccc"/>' + "".join(told)


def _line(points: Points, color: str, more: str = "") -> str:
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.5"{more}/>'
