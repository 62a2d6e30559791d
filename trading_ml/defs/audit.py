"""The audit of a dataset as Dagster shows it: one blocking check a check, and the page beside the dataset."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from trading_ml.datasets import Dataset
from trading_ml.datasets.audit import Audit
from trading_ml.datasets.audit.pictures import pictures
from trading_ml.datasets.audit.view import View
from trading_ml.defs import report
from trading_ml.project import Project

_MOST = 200
"""Lines of a table that are shown."""


def specs(project: Project, key: dg.AssetKey) -> Iterator[dg.AssetCheckSpec]:
    """One blocking check for each check that the project has on."""
    for name, check in project.audit.checks():
        yield dg.AssetCheckSpec(_called(name), asset=key, blocking=True, description=type(check).__doc__)


def results(told: Audit, overruled: bool = False) -> Iterator[dg.AssetCheckResult]:
    """What each check said: a refusal blocks what follows, unless somebody overruled it; a warning only shows."""
    for name in told.made:
        said = [finding for finding in told.findings if finding.check == name]
        grave = {finding.severity for finding in said}
        yield dg.AssetCheckResult(
            check_name=_called(name),
            passed=not grave & {"refuse", "warn"},
            severity=dg.AssetCheckSeverity.ERROR if "refuse" in grave and not overruled else dg.AssetCheckSeverity.WARN,
            description="; ".join(finding.sentence for finding in said) or None,
            metadata={table: report.markdown(rows[:_MOST]) for table, rows in told.tables_of(name).items()},
        )


def metadata(dataset: Dataset, told: Audit) -> dict[str, Any]:
    """The findings and pictures for the dataset's own page, and where the page to read alone lies."""
    lines = [f"- **{finding.severity}** {finding.sentence} (`{finding.check}`)" for finding in told.findings]
    drawn = pictures(View(dataset), told)
    return {
        "audit": dg.MetadataValue.md("\n".join(lines) or "nothing speaks against it"),
        "audit_page": dg.MetadataValue.path(told.page_of(dataset)),
        **{f"audit_{name}": report.drawing(svg) for name, svg in drawn.items()},
    }


def _called(check: str) -> str:
    return f"audit_{check}"
