"""What an audit says: findings, the tables they rest on, and whether the dataset may be promoted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trading_ml.core.errors import NoData
from trading_ml.core.params import Params
from trading_ml.datasets.audit.page import page

if TYPE_CHECKING:
    from trading_ml.datasets.dataset import Dataset

Severity = Literal["refuse", "warn", "note"]
Rows = tuple[dict[str, Any], ...]
_FILE = "audit.json"


class Finding(Params):
    """One sentence of an audit, naming the culprit and what to do about it."""

    check: str
    """The check that says so."""
    severity: Severity
    """`refuse` keeps the dataset from being promoted, `warn` wants to be read, `note` explains."""
    sentence: str
    """Culprit, problem and fix."""


class Audit(Params):
    """The judgement on one dataset.

    Example:
        >>> Audit(dataset="ab12", params={}, findings=(), tables={}).passed
        True
    """

    dataset: str
    """Digest of the dataset that was judged."""
    params: dict[str, Any]
    """The checks and their bounds, as the project file gave them."""
    findings: tuple[Finding, ...]
    """In the order of the checks, the gravest of a check first."""
    tables: dict[str, Rows]
    """What the checks measured, rows of columns: by check, and by check and name where it has a further table."""

    @property
    def passed(self) -> bool:
        """Whether nothing refuses the dataset."""
        return not self.of_severity("refuse")

    def of_severity(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings that are so grave."""
        return tuple(finding for finding in self.findings if finding.severity == severity)

    @property
    def made(self) -> list[str]:
        """Names of the checks that were made."""
        return [name for name, bounds in self.params.items() if bounds["on"]]

    def tables_of(self, check: str) -> dict[str, Rows]:
        """A check's tables by name, its own first."""
        return {name: rows for name, rows in self.tables.items() if name.split(" ", 1)[0] == check}

    @property
    def content(self) -> Mapping[str, Any]:
        """What `audit.json` holds."""
        return {"passed": self.passed, **self.model_dump(mode="json")}

    @classmethod
    def of(cls, dataset: Dataset) -> Audit:
        """The stored audit of a dataset.

        Raises:
            NoData: when it was not audited.
        """
        path = dataset.folder / _FILE
        if not path.is_file():
            fix = f"run `trading-ml dataset audit {dataset.project} {dataset.folder.name}`"
            raise NoData(f"dataset {dataset.folder.name} of {dataset.project}", "was not audited", fix)
        content = json.loads(path.read_text("utf-8"))
        return cls.model_validate({name: content[name] for name in cls.model_fields})

    @staticmethod
    def page_of(dataset: Dataset) -> Path:
        """Where the page of a dataset's audit lies."""
        return dataset.folder / "audit.html"

    def keep(self, dataset: Dataset) -> None:
        """Lay the audit beside the dataset's files, which it does not touch: as JSON, and as a page to read."""
        dataset.lake.write_bytes(self.page_of(dataset), page(dataset, self).encode())
        dataset.lake.write_json(dataset.folder / _FILE, self.content)
