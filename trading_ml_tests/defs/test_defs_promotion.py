"""What a run trains: what it promoted itself, or what somebody promoted; never what waits or was refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset, events, promote, promoted, queue, sources
from trading_ml.datasets.audit import Audit, AuditParams, Finding
from trading_ml.defs import models as module
from trading_ml.defs.resources import LakeResource
from trading_ml.project import Project
from trading_ml.registry.gate import Verdict
from trading_ml_tests.datasets.conftest import HOME, Tables

DAYS = [date(2024, 1, 30) + timedelta(n) for n in range(14)]
PROJECT = {
    "name": "toy",
    "instruments": ["test:A"],
    "bars": {"every": "1m"},
    "features": {
        "pair": {"use": f"{HOME}:pair", "window": 3},
        "single": {"use": f"{HOME}:single", "window": 5},
    },
    "labels": {"up": {"use": f"{HOME}:up"}},
    "split": {"by": "date", "validation_from": "2024-02-05", "test_from": "2024-02-09"},
    "model": {"family": "dense"},
}


class Shop:
    """The assets of the project over hand-written tables, with a network that only notes what it is given."""

    def __init__(self, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tables, self.monkeypatch = Tables(lake), monkeypatch
        self.trained: list[str] = []
        self.judged: list[str] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self.instance = dg.DagsterInstance.ephemeral()
        self.refusals: tuple[str, ...] = ()
        register = SimpleNamespace(Order=SimpleNamespace, trained=self._train, judged=self._judge)
        monkeypatch.setitem(sys.modules, "trading_ml.registry.register", register)
        monkeypatch.setattr(module, "history", lambda *_: {"loss": [1.0]})
        monkeypatch.setattr(module, "artifact", lambda *_: None)
        monkeypatch.setattr(module, "Registry", SimpleNamespace(open=lambda *_: SimpleNamespace(version=str)))
        monkeypatch.setattr(module, "verdict", lambda _: Verdict(passed=True))
        monkeypatch.setattr(module, "Card", SimpleNamespace(of=lambda *_: SimpleNamespace(keep=lambda: "")))
        monkeypatch.setattr(module, "audit", self._audit)
        for proof in (sources.feature_proof, sources.label_proof):
            monkeypatch.setattr(proof, "require", lambda lake, bound: None)
        self.days(DAYS)

    def days(self, days: list[date]) -> None:
        self.tables.write(self.tables.params(["test:A"]), days)

    def run(self, promotion: str = "automatic", only: str | None = None) -> dg.ExecuteInProcessResult:
        project = Project.parse(PROJECT | {"promotion": promotion}, "")
        return dg.materialize(
            module.models(project),
            instance=self.instance,
            resources={"lake": LakeResource(root=str(self.tables.lake.root))},
            selection=[dg.AssetKey(["toy", part]) for part in ([only] if only else ["dataset", "model", "version"])],
            raise_on_error=False,
        )

    @property
    def built(self) -> str:
        """Digest of the dataset built last."""
        return queue(self.tables.lake, "toy")[0].digest

    def _audit(self, dataset: Dataset, bounds: AuditParams) -> Audit:
        findings = tuple(Finding(check="balance", severity="refuse", sentence=said) for said in self.refusals)
        return Audit(dataset=dataset.digest, params=bounds.model_dump(mode="json"), findings=findings, tables={})

    def _train(self, store: Lake, dataset: Dataset, *_: object) -> Any:
        self.trained.append(dataset.digest)
        self.meanwhile()
        return SimpleNamespace(version="1", tags={"weights": "w", "best_epoch": "1"})

    def _judge(self, store: Lake, dataset: Dataset, _: object) -> Any:
        self.judged.append(dataset.digest)
        gate = SimpleNamespace(passed=True, reasons=())
        return SimpleNamespace(version=1, alias=None, dataset=dataset.digest, gate=gate, table=list)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr("os.fsync", lambda handle: None)
    return Shop(Lake(tmp_path / "root"), monkeypatch)


def told(run: dg.ExecuteInProcessResult, part: str) -> dict[str, Any]:
    (made,) = run.asset_materializations_for_node(f"toy__{part}")
    return {name: value.value for name, value in made.metadata.items()}


def test_an_automatic_run_promotes_what_passes_and_trains_on_it(shop: Shop) -> None:
    run = shop.run()
    assert run.success
    assert shop.trained == shop.judged == [shop.built] == [promoted(shop.tables.lake, "toy")]
    assert told(run, "dataset")["built"].startswith("4 chunks built, 0 reused: 2 chunks of features, the first build")
    assert told(run, "dataset")["promoted"].startswith(shop.built[:12])
    assert told(run, "model")["dataset"] == shop.built
    (event,) = [each for each in events.events(shop.tables.lake, "toy") if each.event == "promoted"]
    assert event.why == "its audit passed (promotion: automatic)"
    assert told(shop.run(), "dataset")["built"] == "0 chunks built, 4 reused"
    assert len(events.events(shop.tables.lake, "toy")) == 2  # nothing new, nothing recorded


def test_what_the_audit_refuses_is_not_trained_and_the_old_one_stays(shop: Shop) -> None:
    shop.run()
    before = promoted(shop.tables.lake, "toy")
    shop.refusals, shop.trained = ("up: is all true",), []
    shop.days([DAYS[-1] + timedelta(1)])
    assert not shop.run().success
    assert not shop.trained
    assert promoted(shop.tables.lake, "toy") == before != shop.built
    assert [entry.state for entry in queue(shop.tables.lake, "toy")] == ["refused", "promoted"]


def test_what_was_promoted_by_force_is_trained(shop: Shop) -> None:
    shop.refusals = ("up: is all true",)
    assert not shop.run().success
    promote(shop.tables.lake, "toy", shop.built, why="to see what it learns", force=True)
    assert shop.run().success
    assert shop.trained == [shop.built]


def test_a_manual_run_stops_after_the_audit_until_somebody_promotes(shop: Shop) -> None:
    run = shop.run("manual")
    assert run.success
    assert told(run, "dataset")["promoted"] == "none"
    assert not shop.trained
    promote(shop.tables.lake, "toy", why="looked at it")
    assert shop.run("manual").success
    assert shop.trained == shop.judged == [shop.built]
    shop.days([DAYS[-1] + timedelta(1)])
    assert shop.run("manual").success  # a new build waits again
    assert len(shop.trained) == 1


def test_a_run_judges_what_it_trained_whatever_is_promoted_meanwhile(shop: Shop) -> None:
    shop.run()
    old = shop.built
    shop.days([DAYS[-1] + timedelta(1)])
    shop.meanwhile = lambda: promote(shop.tables.lake, "toy", old, why="back again")
    assert shop.run().success
    assert shop.trained == shop.judged == [old, shop.built]
    assert promoted(shop.tables.lake, "toy") == old


def test_a_model_alone_is_trained_on_what_is_promoted(shop: Shop) -> None:
    shop.run()
    old = shop.built
    shop.days([DAYS[-1] + timedelta(1)])
    shop.run("manual", only="dataset")
    assert shop.built != old
    assert shop.run("manual", only="model").success
    assert shop.trained == [old, old]
