"""Pictures of a dataset as SVG text: drawn by hand, so that the same dataset gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.datasets.audit.view import View, spread

if TYPE_CHECKING:
    from trading_ml.datasets.audit.verdict import Audit

INKS = ("#3f78c9", "#e0812f", "#3f9b6d", "#b0589f", "#8b8f99", "#bfa02a")
_WIDE, _HIGH, _GAP, _HEAD = 216, 84, 16, 18
_ACROSS, _COLUMNS, _SAMPLES, _BINS, _MOST = 4, 12, 4, 40, 50_000
Points = Sequence[float] | NDArray[Any]


def pictures(view: View, told: Audit) -> dict[str, str]:
    """By name of a check (and `samples` of what a model is shown) its picture; the test part only as a distribution."""
    drawn = {"balance": _months(told), "drift": _drifts(view, told), "samples": _windows(view)}
    return {name: svg for name, svg in drawn.items() if svg}


def _drifts(view: View, told: Audit) -> str:
    """Histograms of training and test part, of the columns that are farthest apart."""
    rows = sorted(told.tables.get("drift", ()), key=lambda row: -row["psi"])[:_COLUMNS]
    parts = [view.dataset.last(spread(view.indices(part), _MOST)) for part in ("train", "test")]
    panels = []
    for row in rows:
        own = [part[:, view.columns.index(row["column"])] for part in parts]
        ends = np.quantile(np.concatenate(own), [0.005, 0.995])
        low, high = (ends[0], ends[1]) if ends[1] > ends[0] else (ends[0] - 1, ends[0] + 1)
        shares = [np.histogram(np.clip(values, low, high), _BINS, (low, high))[0] / len(values) for values in own]
        top = max(share.max() for share in shares)
        marks = [_steps(share / top, ink) for share, ink in zip(shares, INKS, strict=False)]
        panels.append(_panel(f"{row['column']}  PSI {row['psi']:.2f}", marks))
    return _grid(panels, _key({"": ["training part", "test part"]}))


def _windows(view: View) -> str:
    """What a model is shown at some samples, drawn by the dataset's digest; columns from lowest to highest."""
    rng = np.random.default_rng(int(view.dataset.digest[:16], 16))
    chosen = np.sort(rng.choice(view.taught, min(_SAMPLES, len(view.taught)), replace=False))
    panels = []
    for feature, told in view.dataset.features.items():
        for window, number in zip(view.dataset.windows(chosen, feature), chosen.tolist(), strict=True):
            low, reach = window.min(axis=0), np.ptp(window, axis=0)
            scaled = (window - low) / np.where(reach > 0, reach, 1)
            lines = [_line(scaled[:, n], INKS[n % len(INKS)]) for n in range(len(told["columns"]))]
            panels.append(_panel(f"{feature}, sample {number:,}", lines))
    short = {
        name: [column.split(".")[-1] for column in told["columns"]] for name, told in view.dataset.features.items()
    }
    return _grid(panels, _key(dict(list(short.items())[:_ACROSS])))


def _months(told: Audit) -> str:
    """Share of each class by month, one panel a label; of a number its mean."""
    panels = []
    rows = told.tables.get("balance by month", ())
    for label in dict.fromkeys(row["label"] for row in rows):
        own = [row for row in rows if row["label"] == label]
        span = f"{own[0]['month']} to {own[-1]['month']}"
        if "mean" in own[0]:
            means = np.array([row["mean"] for row in own])
            reach = np.ptp(means) or 1.0
            panels.append(_panel(f"{label}, mean, {span}", [_line((means - means.min()) / reach, INKS[0])]))
            continue
        classes = [key for key in own[0] if key not in ("label", "month", "samples")]
        panels.append(_panel(f"{label}, {span}", list(_stacks(own, classes))))
        panels.append(_named(classes))
    return _grid(panels, "")


def _stacks(rows: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> Iterator[str]:
    wide = _WIDE / len(rows)
    for number, row in enumerate(rows):
        below = 0.0
        for name, ink in zip(classes, _inks(len(classes)), strict=True):
            high = _HIGH * row[name] / row["samples"]
            at = f'x="{number * wide:.1f}" y="{_HIGH - below - high:.1f}" width="{max(wide - 1, 0.5):.1f}"'
            yield f'<rect {at} height="{high:.1f}" fill="{ink}" fill-opacity="0.75"/>'
            below += high


def _named(classes: Sequence[str]) -> str:
    inks = _inks(len(classes))
    lines = [
        f'<text x="12" y="{14 + 15 * n}" font-size="10" fill="{inks[n]}">■ {escape(name)}</text>'
        for n, name in enumerate(classes[:5])
    ]
    return _panel("", lines, framed=False)


def _inks(count: int) -> list[str]:
    return [INKS[n % len(INKS)] for n in range(count)]


def _line(heights: Points, ink: str) -> str:
    """A line through heights from 0 to 1, at equal distances."""
    return f'<polyline points="{_points(heights)}" fill="none" stroke="{ink}" stroke-width="1.2"/>'


def _steps(heights: Points, ink: str) -> str:
    """An area under heights from 0 to 1, each held for a while."""
    held = np.repeat(np.asarray(heights), 2)
    at = np.repeat(np.linspace(0, _WIDE, len(heights) + 1), 2)[1:-1]
    path = " ".join(f"{x:.1f},{_HIGH * (1 - y):.1f}" for x, y in zip(at, held, strict=True))
    area = f'points="0,{_HIGH} {path} {_WIDE},{_HIGH}"'
    return f'<polygon {area} fill="{ink}" fill-opacity="0.18" stroke="{ink}" stroke-width="1"/>'


def _points(heights: Points) -> str:
    at = np.linspace(0, _WIDE, len(heights)) if len(heights) > 1 else [_WIDE / 2]
    return " ".join(f"{x:.1f},{_HIGH * (1 - y):.1f}" for x, y in zip(at, heights, strict=True))


def _panel(title: str, marks: Sequence[str], framed: bool = True) -> str:
    frame = f'<rect width="{_WIDE}" height="{_HIGH}" fill="none" stroke="#8b8f99" stroke-opacity="0.35"/>'
    told = f'<text y="-5" font-size="10" fill="#8b8f99">{escape(title[:40])}</text>'
    return "".join([told, frame if framed else "", *marks])


def _key(groups: Mapping[str, Sequence[str]]) -> str:
    """Names in their inks, group by group."""
    told = [
        f'<tspan fill="#8b8f99">{escape(group)}</tspan> '
        + " ".join(
            f'<tspan fill="{ink}">■ {escape(name)}</tspan>' for name, ink in zip(names, _inks(len(names)), strict=True)
        )
        for group, names in groups.items()
    ]
    return f'<text font-size="10" xml:space="preserve">{"    ".join(told)}</text>'


def _grid(panels: Sequence[str], key: str) -> str:
    """Panels side by side, as wide as a page."""
    if not panels:
        return ""
    across, top = min(_ACROSS, len(panels)), _HEAD if key else 0
    place: Callable[[int], str] = lambda n: (
        f"{n % across * (_WIDE + _GAP) + 1},{top + n // across * (_HIGH + _HEAD + _GAP) + _HEAD}"
    )
    drawn = [f'<g transform="translate({place(n)})">{panel}</g>' for n, panel in enumerate(panels)]
    wide = across * (_WIDE + _GAP)
    high = top + -(-len(panels) // across) * (_HIGH + _HEAD + _GAP)
    head = f'<g transform="translate(1,12)">{key}</g>' if key else ""
    box = f'viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" font-family="system-ui, sans-serif"'
    return f'<svg {box} role="img">{head}{"".join(drawn)}</svg>'
