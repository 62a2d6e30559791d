"""`trading-ml model`: versions as a person and a program see them, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trading_ml.core.lake import Lake
from trading_ml.registry import aliases
from trading_ml.registry.store import Registry
from trading_ml_tests.cli.conftest import Answer

Cli = Callable[..., Answer]
A, B = "a" * 64, "b" * 64


def judged(passed: bool, **metrics: float) -> dict[str, str]:
    reasons = [] if passed else ["roc_auc 0.50 is not better than majority"]
    verdict = {"passed": passed, "reasons": reasons, "openings": 2}
    told = {"gate_key": "g", "verdict": verdict, "metrics": metrics}
    return {
        "judgement": json.dumps(told),
        "gate": "passed" if passed else "refused",
        "gate_reasons": "; ".join(reasons),
    }


TAGS: list[dict[str, str]] = [
    {
        "dataset": A,
        "env.numpy": "1",
        **judged(True, validation_roc_auc=0.7, test_roc_auc=0.6, test_roc_auc_majority=0.5),
    },
    {"dataset": B, "env.numpy": "2", **judged(False, validation_roc_auc=0.6, test_roc_auc=0.5)},
    {"dataset": B, "env.numpy": "2"},
    {"dataset": A, "env.numpy": "1", **judged(True, test_roc_auc=0.65)},
]
"""Of the versions 1 to 4: one that passed, one refused, one not judged, one that passed as well."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "root"
    registry = Registry.make(Lake(folder), "toy")
    for number, tags in enumerate(TAGS, start=1):
        with registry.run(f"run {number}", {}, {"model.family": "dense", "training.seed": number % 2}) as run:
            run.metrics({"loss": 1.0, "validation_roc_auc": 0.55})
        registry.client.create_model_version("toy", "file:///nowhere", run.id, tags=tags)
    aliases.move(registry, registry.version("1"), "champion", "the gate let it pass", by="ann")
    aliases.move(registry, registry.version("3"), "candidate", "it is judged", by="ann")
    return folder


@pytest.fixture
def toy(store: Path, root: Path) -> Registry:
    shutil.copytree(store, root)
    return Registry.open(Lake(root), "toy")


def champion(registry: Registry) -> int | None:
    return aliases.held_by(registry).get("champion")


def refused(answer: Answer, code: int, *said: str) -> None:
    assert answer.code == code
    (line,) = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    for words in said:
        assert words in line
    assert "Traceback" not in answer.err


def test_versions_are_listed_the_newest_first(cli: Cli, toy: Registry) -> None:
    (model,) = cli("model", "list", "--json").json["models"]
    assert model == {"model": "toy", "versions": 4, "newest": 4, "champion": 1, "candidate": 3}
    told = cli("model", "list", "toy", "--json").json["versions"]
    assert [each["version"] for each in told] == [4, 3, 2, 1]
    assert [each["gate"] for each in told] == ["passed", "not judged", "refused", "passed"]
    assert told[3]["aliases"] == ["champion"]
    assert told[3]["dataset"] == "a" * 12
    assert "is not better than majority" in cli("model", "list", "toy").out


def test_a_root_without_models_lists_none(cli: Cli) -> None:
    assert cli("model", "list", "--json").json == {"models": []}
    refused(cli("model", "list", "toy"), 2, "toy: unknown project with a model; none is known yet")


def test_versions_are_compared_in_all_parts_and_in_what_made_them(cli: Cli, toy: Registry, tmp_path: Path) -> None:
    told = cli("model", "compare", "toy", 1, 2, "candidate", "--chart", tmp_path / "c.png", "--json").json
    assert told["versions"] == [1, 2, 3]
    assert told["metrics"] == {
        "validation_roc_auc": [0.7, 0.6, 0.55], "test_roc_auc": [0.6, 0.5, None],
        "test_roc_auc_majority": [0.5, None, None],
    }  # fmt: skip
    assert told["parameters"] == {"training.seed": ["1", "0", "1"]}
    assert told["environment"] == {"env.numpy": ["1", "2", "2"]}
    assert [said and said["passed"] for said in told["gate"]] == [True, False, None]
    assert told["dataset_diffs"] == [f"trading-ml dataset diff toy {'a' * 12} {'b' * 12}"]
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    shown = cli("model", "compare", "toy", 1, 2).out
    for words in (
        "test_roc_auc",
        "0.6000",
        "training.seed",
        "version 2: the gate refused it: roc_auc",
        "dataset diff toy",
    ):
        assert words in shown
    assert "majority " not in shown
    assert "test_roc_auc_majority" in cli("model", "compare", "toy", 1, 2, "--baselines").out


def test_promotion_and_who_did_it(cli: Cli, toy: Registry) -> None:
    told = cli("model", "promote", "toy", 4, "--reason", "newer", "--by", "bob", "--json").json
    assert (told["model"], told["from"], told["to"], told["by"], told["why"], told["forced"]) == (
        "toy", 1, 4, "bob", "newer", False
    )  # fmt: skip
    assert cli("model", "promote", "toy", 2, "--force", "--reason", "a trial").code == 0
    assert champion(toy) == 2
    trail = cli("model", "history", "toy", "--json").json["changes"]
    assert [(each["alias"], each["from"], each["to"], each["forced"]) for each in trail] == [
        ("champion", None, 1, False), ("candidate", None, 3, False),
        ("champion", 1, 4, False), ("champion", 4, 2, True),
    ]  # fmt: skip
    assert "forced, moved champion" in cli("model", "history", "toy").out


def test_retirement(cli: Cli, toy: Registry) -> None:
    refused(cli("model", "retire", "toy", 1, "--reason", "old"), 1, "toy version 1: is champion and cannot be retired")
    assert cli("model", "retire", "toy", "candidate", "--reason", "wrong ticks", "--json").json["event"] == "retired"
    assert aliases.held_by(toy) == {"champion": 1}
    refused(cli("model", "retire", "toy", 3, "--reason", "again"), 2, "is retired already: wrong ticks")
    refused(cli("model", "promote", "toy", 3), 1, "was retired (wrong ticks); was never judged")
    assert "wrong ticks" in cli("model", "list", "toy").out
    assert cli("model", "promote", "toy", 3, "--force", "--reason", "right after all").code == 0
    assert not aliases.is_retired(toy.version("3"))
    assert cli("model", "retire", "toy", 1, "--reason", "old").code == 0
    assert [change.event for change in aliases.history(toy)][2:] == [
        "retired",
        "dropped",
        "restored",
        "moved",
        "retired",
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["promote", "tio", "1"], 2, "tio: unknown project with a model; did you mean 'toy'?"),
        (["promote", "toy", "9"], 2, "9: unknown version of toy; known: 1, 2, 3, 4, candidate, champion"),
        (["promote", "toy", "champoin"], 2, "champoin: unknown version of toy; did you mean 'champion'?"),
        (["promote", "toy", "1.5"], 2, "1.5: unknown version of toy"),
        (["promote", "toy", "1"], 2, "toy version 1: is champion already"),
        (["promote", "toy", "4", "--force"], 2, "--force: passes over the gate without a reason"),
        (["promote", "toy", "2"], 1, "toy version 2: was refused by the gate: roc_auc 0.50 is not better"),
        (["promote", "toy", "3"], 1, "was never judged by the gate; promote it all the same with --force --reason WHY"),
        (["retire", "toy", "2"], 2, "reason"),
        (["retire", "toy", "2", "--reason", " "], 2, "--reason: is empty"),
        (["compare", "toy", "1"], 2, "model compare: needs two versions or more"),
        (["compare", "toy", "1", "champion"], 2, "model compare: names version 1 twice"),
        (["compare", "toy", "1", "2", "--chart", "c.txt"], 2, "--chart c.txt: is no picture that can be drawn"),
        (["gate", "toy", "1"], 2, "toy: unknown project"),
        (["history", "to"], 2, "to: unknown project with a model; did you mean 'toy'?"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_a_line_and_moves_nothing(
    cli: Cli, toy: Registry, words: list[Any], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADING_ML_PROJECTS", str(tmp_path))
    refused(cli("model", *words), code, said)
    assert aliases.held_by(toy) == {"champion": 1, "candidate": 3}
