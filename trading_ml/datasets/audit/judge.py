"""The audit: every check asked once, its answers put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trading_ml.core.progress import track
from trading_ml.datasets.audit.params import AuditParams
from trading_ml.datasets.audit.verdict import Audit, Finding
from trading_ml.datasets.audit.view import View

if TYPE_CHECKING:
    from trading_ml.datasets.dataset import Dataset

_GRAVEST_FIRST = ("refuse", "warn", "note")


def audit(dataset: Dataset, params: AuditParams | None = None) -> Audit:
    """Judge a dataset; the same dataset and bounds give the same audit, and nothing is written.

    Example:
        >>> audit(Dataset.open(lake, "volatility")).passed  # doctest: +SKIP
        True
    """
    asked, view = params or AuditParams(), View(dataset)
    findings, tables, checks = [], {}, list(asked.checks())
    for name, check in track(f"audit of {dataset.project}", checks, len(checks)):
        verdict = check.judge(view)
        tables |= {name: verdict.rows, **{f"{name} {other}": rows for other, rows in verdict.beside.items()}}
        said = sorted(verdict.said, key=lambda told: _GRAVEST_FIRST.index(told[0]))
        findings += [Finding(check=name, severity=severity, sentence=sentence) for severity, sentence in said]
    return Audit(dataset=dataset.digest, params=asked.model_dump(mode="json"), findings=tuple(findings), tables=tables)
