"""The audit as Dagster sees it: a blocking check each, a refusal an error, a warning only shown."""

from __future__ import annotations

import re
from base64 import b64decode
from xml.etree import ElementTree

import dagster as dg

from trading_ml.datasets import Dataset, build
from trading_ml.datasets.audit import Audit, AuditParams, audit
from trading_ml.defs import audit as audits
from trading_ml.project import Project
from trading_ml_tests.datasets.conftest import Tables, tables  # noqa: F401  a fixture
from trading_ml_tests.datasets.test_datasets_build import dates
from trading_ml_tests.defs.test_defs_promotion import PROJECT


def told_of(made: Tables, **bounds: object) -> tuple[Dataset, Audit]:
    made.bars = 40
    params = made.params(["test:A"])
    for day in dates():
        features, labels = made.frame("test:A", day)
        made.put(params, "test:A", day, features.with_columns(single=labels["up"].cast(float)), labels)
    dataset = build(made.lake, params)
    return dataset, audit(dataset, AuditParams.parse(bounds, "audit"))


def test_every_check_that_is_on_blocks() -> None:
    project = Project.parse(PROJECT | {"audit": {"leak": False}}, "")
    specs = {spec.name: spec for spec in audits.specs(project, dg.AssetKey(["toy", "dataset"]))}
    assert {*specs} == {f"audit_{name}" for name in AuditParams.model_fields if name != "leak"}
    assert all(spec.blocking and spec.description for spec in specs.values())


def test_a_refusal_fails_its_check_and_no_other(tables: Tables) -> None:  # noqa: F811
    dataset, told = told_of(tables)
    results = {result.check_name: result for result in audits.results(told)}
    assert {name for name, result in results.items() if not result.passed} == {"audit_leak"}
    leak = results["audit_leak"]
    assert leak.severity == dg.AssetCheckSeverity.ERROR
    assert leak.description is not None
    assert leak.description.startswith("single alone tells up")
    assert "| up | single | 1.0000 |" in str(leak.metadata["leak"].value)
    (overruled,) = [each for each in audits.results(told, overruled=True) if not each.passed]
    assert overruled.severity == dg.AssetCheckSeverity.WARN
    shown = audits.metadata(dataset, told)
    assert "- **refuse** single alone tells up" in shown["audit"].value
    assert shown["audit_page"].value == str(dataset.folder / "audit.html")
    for name in ("balance", "drift", "samples"):
        (encoded,) = re.findall(r"data:image/svg\+xml;base64,([^)]+)\)", shown[f"audit_{name}"].value)
        assert ElementTree.fromstring(b64decode(encoded)).tag.endswith("}svg")


def test_a_warning_only_shows(tables: Tables) -> None:  # noqa: F811
    _, told = told_of(tables, leak={"refuse_auc": 1.0})
    (warned,) = [result for result in audits.results(told) if not result.passed]
    assert (warned.check_name, warned.severity) == ("audit_leak", dg.AssetCheckSeverity.WARN)
