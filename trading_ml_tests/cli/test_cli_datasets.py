"""`trading-ml dataset`: the queue, promotion and differences as a person and a program see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset, build, sources
from trading_ml.datasets.audit import Audit, Finding
from trading_ml_tests.cli.conftest import Answer
from trading_ml_tests.datasets.conftest import Tables

Cli = Callable[..., Answer]


@pytest.fixture
def builds(root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Dataset, Dataset]:
    """Two datasets of the project `toy`; the audit of the second one says no."""
    monkeypatch.setattr(sources.feature_proof, "require", lambda lake, bound: None)
    monkeypatch.setattr(sources.label_proof, "require", lambda lake, bound: None)
    tables = Tables(Lake(root))
    tables.write(tables.params(), [date(2024, 1, 30) + timedelta(n) for n in range(14)])
    made = [build(tables.lake, tables.params())]
    tables.write(tables.params(), [date(2024, 2, 13)])
    made.append(build(tables.lake, tables.params()))
    refusal = Finding(check="tested", severity="refuse", sentence="up: is all true")
    for dataset, findings in zip(made, ((), (refusal,)), strict=True):
        Audit(dataset=dataset.digest, params={}, findings=findings, tables={}).keep(dataset)
    return made[0], made[1]


def test_the_queue(cli: Cli, builds: tuple[Dataset, Dataset]) -> None:
    assert cli("dataset", "promote", "toy", builds[0].digest[:12], "--reason", "sound", "--by", "ann").code == 0
    told = cli("dataset", "queue", "toy", "--json").json
    assert (told["project"], told["count"]) == ("toy", 2)
    newest, oldest = told["datasets"]
    assert (newest["digest"], newest["state"], newest["audit"]) == (builds[1].digest, "refused", "refused")
    assert newest["built"]["why"].startswith("4 chunks built, 4 reused: 2 chunks of features, new day 2024-02-13")
    assert (oldest["promoted"]["by"], oldest["promoted"]["why"], oldest["samples"]) == ("ann", "sound", 328)
    shown = cli("dataset", "queue", "toy", "--head", "1").out
    assert "up: is all true" in shown
    assert "2 datasets of toy" in shown
    assert builds[0].digest[:12] not in shown


def test_promotion(cli: Cli, builds: tuple[Dataset, Dataset]) -> None:
    refused = cli("dataset", "promote", "toy")
    assert refused.code == 1
    assert "its audit says no: up: is all true" in refused.err
    assert cli("dataset", "promote", "toy", "--force").code == 2
    done = cli("dataset", "promote", "toy", "--force", "--reason", "a trial", "--by", "bob", "--json").json
    assert done.pop("at")
    assert done == {"project": "toy", "promoted": builds[1].digest, "by": "bob", "why": "a trial", "forced": True}
    assert cli("dataset", "promote", "toy", "abcd").err == (
        f"error: abcd: unknown dataset of toy; known: {', '.join(sorted(each.digest[:12] for each in builds))}\n"
    )


def test_differences(cli: Cli, builds: tuple[Dataset, Dataset]) -> None:
    assert "none is promoted" in cli("dataset", "diff", "toy").err
    cli("dataset", "promote", "toy", builds[0].digest)
    told = cli("dataset", "diff", "toy", "--json").json
    assert (told["before"], told["after"]) == (builds[0].digest, builds[1].digest)
    assert told["changes"]["days"][0] == {"what": "test:A, new", "before": None, "after": "2024-02-13"}
    shown = cli("dataset", "diff", builds[0].digest[:12], builds[1].digest[:12]).out
    assert "test:A, new" in shown
    same = cli("dataset", "diff", "toy", builds[0].digest, builds[0].digest)
    assert same.out.strip().endswith("nothing is different")
    assert cli("dataset", "diff", "toy", "a", "b", "c").code == 2
    assert cli("dataset", "diff", "tiy").err == "error: tiy: unknown project with a dataset; did you mean 'toy'?\n"
