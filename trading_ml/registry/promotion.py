"""Promotion by hand: what a person may do to a champion, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trading_ml.core.errors import BadParams, Refused
from trading_ml.registry import aliases
from trading_ml.registry.aliases import CANDIDATE, CHAMPION, Change
from trading_ml.registry.result import JUDGEMENT, Judgement
from trading_ml.registry.store import Registry

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


def promote(
    registry: Registry, version: ModelVersion, why: str = "", by: str | None = None, force: bool = False
) -> Change:
    """Make a version champion by hand; the gate must have let it pass.

    Args:
        registry: Whose champion.
        version: The version.
        why: For the record; demanded of a promotion by force.
        by: Who promotes; the user whose process this is if left out.
        force: Promote although the gate refused or never judged it, or it was retired, which then ends.

    Returns:
        What was recorded.

    Raises:
        BadParams: when force is used without saying why, or the version is champion already.
        Refused: when the version was retired, or the gate has not let it pass.
    """
    if force and not why.strip():
        raise BadParams("--force", "passes over the gate without a reason", "say why with --reason")
    name, number = _named(registry, version), int(version.version)
    already = BadParams(name, "is champion already")
    if aliases.held_by(registry).get(CHAMPION) == number:
        raise already
    objection = "; ".join(_objections(version))
    if objection and not force:
        raise Refused(name, objection, "promote it all the same with --force --reason WHY")
    if aliases.is_retired(version):
        aliases.restore(registry, version, why.strip(), by)
    done = aliases.move(registry, version, CHAMPION, why.strip() or "promoted by hand", by, forced=bool(objection))
    if done is None:  # somebody else was faster
        raise already
    return done


def retire(registry: Registry, version: ModelVersion, why: str, by: str | None = None) -> Change:
    """Retire a version: it stays in the registry, and never becomes champion or candidate by itself.

    Returns:
        What was recorded.

    Raises:
        BadParams: when no reason is given, or it was retired before.
        Refused: when it is champion.
    """
    number = int(version.version)
    if not why.strip():
        raise BadParams("--reason", "is empty", "say why the version is retired")
    if aliases.is_retired(version):
        raise BadParams(_named(registry, version), f"is retired already: {version.tags[aliases.RETIRED]}")
    done = aliases.retire(registry, version, why.strip(), by)
    if aliases.held_by(registry).get(CANDIDATE) == number:
        aliases.drop(registry, CANDIDATE, f"version {number} was retired", by)
    return done


def _objections(version: ModelVersion) -> list[str]:
    """What speaks against a champion."""
    said = [f"was retired ({version.tags[aliases.RETIRED]})"] if aliases.is_retired(version) else []
    if JUDGEMENT not in version.tags:
        return [*said, "was never judged by the gate"]
    verdict = Judgement.model_validate_json(version.tags[JUDGEMENT]).verdict
    return said if verdict.passed else [*said, f"was refused by the gate: {' | '.join(verdict.reasons)}"]


def _named(registry: Registry, version: ModelVersion) -> str:
    return f"{registry.project} version {version.version}"
