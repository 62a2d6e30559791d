"""The audit of a dataset: what speaks against learning from it, one file a check."""

from __future__ import annotations

from trading_ml.datasets.audit.check import Check, Verdict
from trading_ml.datasets.audit.judge import audit
from trading_ml.datasets.audit.params import AuditParams
from trading_ml.datasets.audit.verdict import Audit, Finding

__all__ = ["Audit", "AuditParams", "Check", "Finding", "Verdict", "audit"]
