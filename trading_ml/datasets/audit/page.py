"""The audit as one HTML file that needs nothing else: findings, tables, pictures."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from trading_ml.datasets.audit.params import AuditParams
from trading_ml.datasets.audit.pictures import pictures
from trading_ml.datasets.audit.view import View

if TYPE_CHECKING:
    from trading_ml.datasets.audit.verdict import Audit, Finding
    from trading_ml.datasets.dataset import Dataset

_SHOWN = 12
"""Lines of a table that are seen at once."""


def page(dataset: Dataset, told: Audit) -> str:
    """The page of a dataset's audit; the same audit gives the same text."""
    drawn = pictures(View(dataset), told)
    explained = {name: type(getattr(AuditParams(), name)).__doc__ or "" for name in told.made} | {"samples": _SAMPLES}
    sections = [_section(name, told, text, drawn.get(name, "")) for name, text in explained.items()]
    return Template((Path(__file__).parent / "page.html").read_text("utf-8")).substitute(
        project=escape(dataset.project), digest=told.dataset, short=told.dataset[:12],
        verdict="passed" if told.passed else "refused", mood="pass" if told.passed else "refuse",
        facts="".join(_fact(name, value) for name, value in _facts(dataset.manifest)),
        findings="".join(map(_finding, _gravest_first(told))) or _NOTHING,
        nav="".join(f'<a href="#{name}">{_words(name)}</a>' for name in explained), sections="\n".join(sections),
    )  # fmt: skip


_NOTHING = '<li class="pass"><span>Nothing speaks against this dataset.</span></li>'
_SAMPLES = (
    "What a model is shown at some samples that train or validate, each column from its lowest to its highest value."
)


def _facts(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    days, parts = manifest["days"].values(), manifest["folds"][-1]["samples"]
    yield "samples", f"{manifest['kept']:,}"
    yield "of bars", f"{manifest['candidates']:,}"
    yield from ((part, f"{parts[part]:,}") for part in ("train", "validation", "test", "purged"))
    yield "instruments", f"{len(days):,}"
    yield "from", min(told["first"] for told in days)
    yield "to", max(told["last"] for told in days)


def _gravest_first(told: Audit) -> Iterator[Finding]:
    for severity in ("refuse", "warn", "note"):
        yield from told.of_severity(severity)


def _fact(name: str, value: str) -> str:
    return f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>"


def _finding(finding: Finding) -> str:
    sentence, check = escape(finding.sentence), _words(finding.check)
    return (
        f'<li class="{finding.severity}"><b>{finding.severity}</b><span>{sentence}</span> <small>({check})</small></li>'
    )


def _section(name: str, told: Audit, explained: str, picture: str) -> str:
    tables = [_table(rows, title.partition(" ")[2]) for title, rows in told.tables_of(name).items()]
    nothing = "" if picture else "<small>Nothing to measure here.</small>"
    text = escape(inspect.cleandoc(explained).split("\n\n")[0])
    return f'<section id="{name}"><h2>{_words(name)}</h2><p>{text}</p>{picture}{"".join(tables) or nothing}</section>'


def _table(rows: Sequence[Mapping[str, Any]], title: str) -> str:
    if not rows:
        return ""
    head = list(dict.fromkeys(key for row in rows for key in row))
    numbers = {key for key in head if all(isinstance(row.get(key, 0), int | float) for row in rows)}
    kind = lambda key: ' class="number"' if key in numbers else ""
    heading = "".join(f"<th{kind(key)}>{escape(_words(key))}</th>" for key in head)
    lines = ["".join(f"<td{kind(key)}>{_cell(row.get(key, ''))}</td>" for key in head) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    whole = f'<div class="wide"><table><tr>{heading}</tr>{body}</table></div>'
    if title or len(rows) > _SHOWN:
        head = f"{escape(title) or 'all'}, {len(rows):,} line{'s' * (len(rows) > 1)}"
        return f"<details><summary>{head}</summary>{whole}</details>"
    return whole


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.4g}" if abs(value) < 1_000 else f"{value:,.0f}"
    return escape(str(value))


def _words(name: str) -> str:
    return name.replace("_", " ")
