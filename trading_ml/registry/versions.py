"""Versions by the words that people use for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trading_ml.core.errors import NoData, Unknown
from trading_ml.core.lake import Lake
from trading_ml.registry.aliases import held_by
from trading_ml.registry.store import Registry, connect

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


def projects(lake: Lake) -> list[str]:
    """Names of the projects that have a registered model."""
    if not lake.path("mlflow", "mlflow.db").exists():
        return []
    return sorted(model.name for model in connect(lake).search_registered_models())


def registry_of(lake: Lake, project: str) -> Registry:
    """The registry of a project that has versions.

    Raises:
        Unknown: when there is no such project, suggesting the nearest.
    """
    known = projects(lake)
    if project not in known:
        raise Unknown.of("project with a model", project, known)
    return Registry.open(lake, project)


def versions(registry: Registry) -> list[ModelVersion]:
    """All versions, the newest first, with their aliases."""
    found = registry.client.search_model_versions(f"name = '{registry.project}'")
    return [registry.version(each.version) for each in sorted(found, key=lambda each: -int(each.version))]


def find(registry: Registry, word: str) -> ModelVersion:
    """The version with a number, or the one that holds an alias.

    Raises:
        NoData: when the project has no version. Unknown: when there is no such version or alias.
    """
    found = registry.client.search_model_versions(f"name = '{registry.project}'")
    if not found:
        raise NoData(registry.project, "has no versions yet", f"run `trading-ml project run {registry.project}`")
    held = held_by(registry)
    numbers = sorted((str(each.version) for each in found), key=int)
    number = word if word.isdecimal() else str(held.get(word, word))
    if number not in numbers:
        raise Unknown.of(f"version of {registry.project}", word, [*numbers, *held])
    return registry.version(number)
