"""Who moved which alias, when and why; and what a process killed on the way leaves."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from trading_ml.core.errors import Refused
from trading_ml.core.lake import Lake
from trading_ml.registry import aliases
from trading_ml.registry.store import Registry


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("aliases"))


@pytest.fixture
def registry(store: Lake, request: pytest.FixtureRequest) -> Registry:
    """A project of its own with three versions."""
    registry = Registry.make(store, request.node.name.replace("[", "_").replace("]", ""))
    for _ in range(3):
        registry.client.create_model_version(registry.project, "file:///nowhere")
    return registry


def told(registry: Registry) -> list[tuple[str, str | None, int | None, int | None, str]]:
    return [(c.event, c.alias, c.before, c.to, c.why) for c in aliases.history(registry)]


def kill(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_change_is_told_with_who_when_and_why(registry: Registry) -> None:
    before = datetime.now(UTC)
    aliases.move(registry, registry.version("1"), "champion", "it was the first", by="Ada")
    aliases.move(registry, registry.version("2"), "champion", "it is better", forced=True)
    aliases.move(registry, registry.version("2"), "champion", "again")
    aliases.drop(registry, "champion", "none is good")
    aliases.drop(registry, "champion", "none is good")
    assert told(registry) == [
        ("moved", "champion", None, 1, "it was the first"),
        ("moved", "champion", 1, 2, "it is better"),
        ("dropped", "champion", 2, None, "none is good"),
    ]
    assert aliases.held_by(registry) == {}
    lines = registry.lake.path("registry", "aliases", f"{registry.project}.jsonl").read_text().splitlines()
    first, second, _ = map(json.loads, lines)
    assert set(first) == {"at", "by", "event", "alias", "from", "to", "why", "forced"}
    assert first["by"] == "Ada" != second["by"]
    assert [first["forced"], second["forced"]] == [False, True]
    assert before <= datetime.fromisoformat(first["at"]) <= datetime.fromisoformat(second["at"]) <= datetime.now(UTC)


def test_a_retired_version_cannot_become_champion_until_it_is_restored(registry: Registry) -> None:
    version = registry.version("1")
    aliases.retire(registry, version, "its ticks were wrong")
    assert registry.version("1").tags["retired"] == "its ticks were wrong"
    with pytest.raises(Refused, match="version 1: is retired, so it cannot become champion"):
        aliases.move(registry, version, "champion", "the gate let it pass")
    aliases.restore(registry, version, "they were right")
    aliases.move(registry, version, "champion", "the gate let it pass")
    assert [each[:4] for each in told(registry)] == [
        ("retired", None, 1, None), ("restored", None, None, 1), ("moved", "champion", None, 1)
    ]  # fmt: skip


@pytest.mark.parametrize("moment", ["_make", "_record", "unlink"])
def test_a_kill_at_any_moment_leaves_a_change_that_was_made_and_told_or_neither(
    registry: Registry, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aliases.move(registry, registry.version("1"), "champion", "first")
    with monkeypatch.context() as patched:
        target = type(registry.lake.root) if moment == "unlink" else aliases
        patched.setattr(target, moment, kill)
        with pytest.raises(KeyboardInterrupt):
            aliases.move(registry, registry.version("2"), "champion", "second", by="Ada")
    done = moment != "_make"
    assert aliases.held_by(registry) == {"champion": 2 if done else 1}
    expected = [("moved", "champion", None, 1, "first"), *([("moved", "champion", 1, 2, "second")] if done else [])]
    assert told(registry) == expected == told(registry)
    assert not done or aliases.history(registry)[-1].by == "Ada"
    aliases.move(registry, registry.version("2"), "champion", "second")
    assert told(registry) == [("moved", "champion", None, 1, "first"), ("moved", "champion", 1, 2, "second")]
    assert [path.suffix for path in registry.lake.path("registry", "aliases").glob(f"{registry.project}.*")] == [
        ".jsonl"
    ]


@pytest.mark.parametrize("event", ["dropped", "retired", "restored"])
def test_other_changes_are_settled_too(registry: Registry, event: str, monkeypatch: pytest.MonkeyPatch) -> None:
    version = registry.version("3")
    act = {
        "dropped": lambda: aliases.drop(registry, "champion", "no good"),
        "retired": lambda: aliases.retire(registry, version, "no good"),
        "restored": lambda: aliases.restore(registry, version, "no good"),
    }[event]
    if event == "dropped":
        aliases.move(registry, version, "champion", "good")
    if event == "restored":
        aliases.retire(registry, version, "old")
    with monkeypatch.context() as patched:
        patched.setattr(aliases, "_record", kill)
        with pytest.raises(KeyboardInterrupt):
            act()
    assert told(registry)[-1][0] == event


def test_an_alias_that_was_moved_by_other_means_is_found(registry: Registry) -> None:
    registry.client.set_registered_model_alias(registry.project, "champion", "1")
    assert told(registry) == [("found", "champion", None, 1, "moved by other means")]
    registry.client.set_registered_model_alias(registry.project, "champion", "3")
    aliases.move(registry, registry.version("2"), "champion", "it is better")
    registry.client.delete_registered_model_alias(registry.project, "champion")
    assert [each[:4] for each in told(registry)][1:] == [
        ("found", "champion", 1, 3), ("moved", "champion", 3, 2), ("found", "champion", 2, None)
    ]  # fmt: skip
