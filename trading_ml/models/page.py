"""A certificate as a page: one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from trading_ml.core.decimals import decimals
from trading_ml.models.certificate import Certificate
from trading_ml.models.svg import chart

_STYLE = """body{font:14px sans-serif;margin:2em auto;max-width:900px;color:#222}
table{border-collapse:collapse;margin:.5em 0}
td,th{padding:2px 10px 2px 0;text-align:left;border-bottom:1px solid #ddd;vertical-align:top}h2{margin-top:1.4em}
svg{margin:0 10px 10px 0}code{font-size:12px}"""


def page(certificate: Certificate) -> str:
    """The whole page."""
    told = certificate
    title = f"{told.project}: {told.family} {told.model_key[:12]}"
    parts = [
        f"<h1>{escape(title)}</h1><p>{escape(told.description)}</p>", _rows(_made(told)),
        f"<h2>Validation</h2>{_rows(_validation(told))}{''.join(charts(told).values())}",
        *(f"<h2>Direction of {escape(label)}</h2>{_rows(_direction(told, label))}" for label in told.discovery),
        *(f"<h2>Thresholds of {escape(label)}</h2>{_thresholds(told, label)}" for label in told.thresholds),
        f"<h2>Data</h2>{_table(['part', 'samples', 'first', 'last'], _parts(told))}",
        f"<h2>Model</h2>{_rows(told.model)}<h2>Training</h2>{_rows(told.training)}",
        f"<h2>Environment</h2>{_rows(told.environment)}",
    ]  # fmt: skip
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def charts(told: Certificate) -> dict[str, str]:
    """Its charts as SVG, by name: history, and of each label calibration and running points."""
    names = [name for name in ("loss", "val_loss") if told.history and name in told.history[0]]
    losses = {name: [(n, each[name]) for n, each in enumerate(told.history, 1)] for name in names}
    drawn = {"history": chart("History", losses, "epoch", "loss", dots=True)}
    for label, found in told.calibration.items():
        points = list(zip(found.predicted, found.happened, strict=True))
        title = f"{label}: predicted and happened"
        drawn[f"calibration_{label}"] = chart(title, {label: points}, "predicted", "happened", diagonal=True, dots=True)
    for label, found in told.discovery.items():
        points = [(float(n), float(each)) for n, each in enumerate([0, *found.points])]
        drawn[f"discovery_{label}"] = chart(f"{label}: running points", {label: points}, "sample", "points")
    return drawn


def _made(told: Certificate) -> dict[str, Any]:
    cost = told.cost
    return {
        "dataset": told.dataset.digest[:12],
        "trained": f"{cost.begun:%Y-%m-%d %H:%M} UTC", "best epoch": told.best_epoch,
        "weights": f"{told.values:,} numbers, {told.weights[:12]}",
        "cost": f"{cost.wall_seconds:.1f} s, {cost.cpu_seconds:.1f} CPU-seconds on threads: {cost.threads}",
    }  # fmt: skip


def _validation(told: Certificate) -> dict[str, Any]:
    return {name: int(value) if name.endswith("_samples") else value for name, value in told.validation.items()}


def _direction(told: Certificate, label: str) -> dict[str, Any]:
    found = told.discovery[label]
    ways = {
        name: f"said {way.said:,}, right {way.right:,}, happened {way.happened:,}, accuracy {_cell(way.accuracy)}"
        for name, way in (("rises", found.rises), ("falls", found.falls))
    }
    spreads = {
        f"{name}, predicted where {word}": f"least {_cell(s.least)}, mean {_cell(s.mean)}, median {_cell(s.median)}, "
        f"most {_cell(s.most)}"
        for name, way in (("rises", found.rises), ("falls", found.falls))
        for word, s in (("right", way.said_right), ("wrong", way.said_wrong))
        if s
    }
    whole = {"samples": found.samples, "accuracy": found.accuracy, "silent": found.silent, "flat": found.flat}
    return whole | ways | spreads


def _thresholds(told: Certificate, label: str) -> str:
    found = told.thresholds[label]
    (a, b), (c, d) = found.confusion
    chosen = f"at {found.chosen:.4g}: {a:,} no and {b:,} yes where it did not happen, {c:,} and {d:,} where it did"
    head = ["score", "support", "share", "precision", "recall"]
    lines = ([row[name] for name in head] for row in found.table)
    return f"<p>{escape(found.rule)}, {chosen}</p>{_table(head, lines)}"


def _parts(told: Certificate) -> Iterable[list[Any]]:
    for name, span in told.dataset.parts.items():
        yield [name, span.samples, f"{span.first:%Y-%m-%d %H:%M}", f"{span.last:%Y-%m-%d %H:%M}"]


def _rows(values: Mapping[str, Any]) -> str:
    return (
        "<table>" + "".join(f"<tr><th>{escape(k)}</th><td>{_cell(v)}</td></tr>" for k, v in values.items()) + "</table>"
    )


def _table(head: list[str], lines: Iterable[list[Any]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in line) + "</tr>" for line in lines)
    return f"<table><tr>{top}</tr>{body}</table>"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return decimals(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return escape(str(value))
