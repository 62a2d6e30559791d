"""A registered version: what it remembers of where it comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from trading_ml.core.errors import NoData, Unknown
from trading_ml.core.lake import Lake
from trading_ml.registry.result import JUDGEMENT
from trading_ml.registry.store import MODEL_KEY, Registry

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

_ENVIRONMENT = "env."


@dataclass(frozen=True)
class Version:
    """A version and the digest of the dataset it was trained on."""

    entry: ModelVersion

    @property
    def dataset(self) -> str:
        """Digest of the dataset."""
        return self.entry.tags["dataset"]

    def told(self) -> dict[str, Any]:
        """Number, aliases, and all that it was made from and by; `gate` is null before it was judged."""
        tags = self.entry.tags
        made = {key: tags.get(key) for key in ("git_commit", "dagster_run_id", "asset_key", "weights", MODEL_KEY)}
        created = datetime.fromtimestamp(int(self.entry.creation_timestamp) / 1000, UTC)
        return {
            "model": self.entry.name,
            "version": int(self.entry.version),
            "aliases": sorted(self.entry.aliases),
            "created": created.isoformat(timespec="seconds"),
            "run": self.entry.run_id,
            "dataset": self.dataset,
            "project_file": sha256(tags.get("project_file", "").encode()).hexdigest(),
            **made,
            "environment": {k.removeprefix(_ENVIRONMENT): v for k, v in tags.items() if k.startswith(_ENVIRONMENT)},
            "gate": self._gate(),
        }

    def _gate(self) -> dict[str, Any] | None:
        if JUDGEMENT not in self.entry.tags:
            return None
        verdict = json.loads(self.entry.tags[JUDGEMENT])["verdict"]
        return {key: verdict[key] for key in ("passed", "reasons", "openings")}


def find(lake: Lake, project: str, number: str | None, alias: str | None) -> Version:
    """The version with a number, or else the one that holds an alias.

    Raises:
        NoData: when the project has no versions. Unknown: when there is no such version or alias.
    """
    registry, numbers = Registry.open(lake, project), _numbers(lake, project)
    if number is None:
        aliases = registry.client.get_registered_model(project).aliases
        if alias not in aliases:
            raise Unknown.of(f"alias of {project}", str(alias), aliases)
        number = str(aliases[alias])
    if number not in numbers:
        raise Unknown.of(f"version of {project}", number, numbers)
    return Version(registry.version(number))


def foremost(lake: Lake, project: str) -> Version | None:
    """The champion; without one the newest version; None before the first."""
    try:
        registry, numbers = Registry.open(lake, project), _numbers(lake, project)
    except NoData:
        return None
    champion = registry.champion() if numbers else None
    newest = registry.version(max(numbers, key=int)) if numbers and champion is None else champion
    return newest and Version(newest)


def _numbers(lake: Lake, project: str) -> list[str]:
    found = Registry.open(lake, project).client.search_model_versions(f"name = '{project}'")
    return [str(version.version) for version in found]
