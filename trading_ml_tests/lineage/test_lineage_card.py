"""A model card, against what the version and its dataset are known to be."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from trading_ml.core.errors import Unknown
from trading_ml.lineage.card import ARTIFACT, Card
from trading_ml.lineage.graph import chain
from trading_ml.models.families import resolve
from trading_ml.models.graph import Graph
from trading_ml.registry import aliases, trials
from trading_ml.registry.store import Registry, artifact
from trading_ml_tests.lineage.conftest import NAME, Market

METRICS = {"train_roc_auc": 0.71, "test_roc_auc": 0.6, "test_roc_auc_majority": 0.5}
VERDICT = {"passed": False, "reasons": ["only 12 test samples", "no skill"], "openings": 3}


@pytest.fixture(scope="session")
def registry(market: Market) -> Registry:
    """Two versions that learnt the market's dataset, the first of them judged."""
    registry = Registry.make(market.lake, market.project.name)
    tags = {
        "dataset": market.dataset.digest, "project_file": market.project.text(), "weights": "f" * 64,
        "env.numpy": "2.4", "git_commit": "0" * 40 + "-dirty", "best_epoch": "7",
    }  # fmt: skip
    judged = {"judgement": json.dumps({"gate_key": "g", "verdict": VERDICT, "metrics": METRICS})}
    for further in (judged, {}):
        with registry.run("a run", {}, {}) as run:
            pass
        registry.client.create_model_version(registry.project, "file:///nowhere", run.id, tags=tags | further)
    trials.record(market.lake, registry.project, market.dataset.digest, "k")
    return registry


@pytest.fixture(scope="session")
def card(market: Market, registry: Registry) -> str:
    return Card.of(market.lake, registry.project, 1).keep()


def chapter(card: str, heading: str) -> str:
    return card.split(f"## {heading}\n\n")[1].split("\n## ")[0]


def test_a_card_has_every_chapter(card: str) -> None:
    assert re.findall(r"^# (.*)$", card, flags=re.MULTILINE)[0] == "btc_jpy_volatility, version 1"
    assert re.findall(r"^## (.*)$", card, flags=re.MULTILINE) == [
        "Intended use", "Lineage", "Data", "Label", "Features", "Model", "Training", "What it showed", "The gate",
        "Known limits", "How to make it again",
    ]  # fmt: skip


def test_the_way_from_raw_files_to_the_version(card: str, market: Market) -> None:
    told, digest = chapter(card, "Lineage"), market.dataset.digest[:12]
    for path in market.raw:
        assert f"`{path}`, sha256 `{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}`" in told
    assert re.search(rf"3 raw files, [\d,]+ rows → dataset `{digest}` → version 1", told)
    assert f"The same dataset has digest `{digest}`, the same weights `{'f' * 12}`" in card
    assert f"git checkout {'0' * 40}\n" in card
    assert "The checkout had changes" in card


def test_what_it_learnt_and_by_what(card: str, market: Market) -> None:
    told = chapter(card, "Data")
    assert f"- {NAME}: 3 days" in told
    parts = {part: len(market.dataset.indices(part)) for part in ("train", "validation", "test")}
    assert ", ".join(f"{part} {count:,}" for part, count in parts.items()) in told
    assert market.project.description in chapter(card, "Intended use")
    features = chapter(card, "Features").splitlines()
    assert [line.split(":")[0] for line in features] == [f"- {name}" for name in sorted(market.project.features)]
    assert all("proven, warm-up" in line for line in features)
    assert chapter(card, "Model").splitlines()[0].endswith("→ rises")
    assert "numpy 2.4" in chapter(card, "Training")
    assert "trainings begun on this dataset so far: run 1" in chapter(card, "Training")


def test_every_figure_and_every_reason(card: str) -> None:
    assert "**The gate refused it.**" in card
    assert chapter(card, "The gate").split("\n") == [
        "- only 12 test samples", "- no skill", "- models judged on this test part so far: 3", "",
    ]  # fmt: skip
    showed = chapter(card, "What it showed")
    assert "| model | 0.6000 |\n| majority | 0.5000 |" in showed
    assert "| model | 0.7100 |" in showed


def test_it_lies_beside_the_version_and_in_short_on_it(card: str, market: Market, registry: Registry) -> None:
    assert artifact(market.lake, registry.project, 1, ARTIFACT) == card.encode()
    brief = registry.version("1").description
    for words in ("The gate refused it", "- no skill", "→ version 1", "| majority | 0.5000 |"):
        assert words in brief


def test_before_the_gate_and_after_retirement(market: Market, registry: Registry) -> None:
    card = Card.of(market.lake, registry.project, 2)
    assert "**The gate has not judged it.**" in card.text
    assert "trading-ml model gate btc_jpy_volatility 2" in card.text
    assert "What it showed" not in card.text
    aliases.retire(registry, registry.version("2"), "a trial")
    assert "**Retired:** a trial" in Card.of(market.lake, registry.project, 2).text
    with pytest.raises(Unknown, match="3: unknown version"):
        Card.of(market.lake, registry.project, 3)


def test_a_graph_in_a_line() -> None:
    family = resolve({"family": "dense", "units": [8], "dropout": 0.1, "scale": {"a": "minmax"}})
    line = chain(family.graph({"a": 5, "b": 1}, ["up"]))  # pyright: ignore[reportAttributeAccessIssue]
    assert line.count("dense 8") == 1
    assert line.startswith("a → minmax → flatten; b → flatten; (")
    assert line.endswith("→ up")
    nodes = {
        "x": {"use": "input", "feature": "f"}, "l": {"use": "dense", "units": 2},
        "r": {"use": "dense", "units": 3, "reads": "x"}, "j": {"use": "concatenate", "reads": ["l", "r"]},
        "y": {"use": "output", "label": "up"},
    }  # fmt: skip
    told = "f; (x) → dense 2; (x) → dense 3; (l + r) → concatenate → up"
    assert chain(Graph.model_validate({"nodes": nodes})) == told
