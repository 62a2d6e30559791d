"""The only place that moves an alias or retires a version, and the record of who did so, when and why.

The record is one line of JSON for each change, `registry/aliases/<project>.jsonl`, and only grows. MLflow and it cannot
change in one write, so a change is announced in a file beside the record first, then made, then recorded, then the
announcement goes. Whoever comes next settles what a killed process left: what was announced and stands is recorded,
what was announced and does not stand has not happened. An alias that is elsewhere than the record says, with nothing
announced, was moved by other means, such as MLflow's own page; that is recorded as `found`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from trading_ml.core.digest import canonical
from trading_ml.core.errors import Refused
from trading_ml.core.params import Params
from trading_ml.core.user import user
from trading_ml.registry.store import Registry

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CANDIDATE, CHAMPION = "candidate", "champion"
RETIRED = "retired"
"""Tag of a version that was retired: why."""
Event = Literal["moved", "dropped", "retired", "restored", "found"]


class Change(Params):
    """An entry of the record."""

    at: datetime
    by: str
    """Who did it; of what was found, who found it."""
    event: Event
    alias: str | None = None
    """None where a version was retired or restored."""
    before: int | None = Field(default=None, alias="from")
    """The version that held the alias, or was retired."""
    to: int | None = None
    """The version that holds it, or was restored."""
    why: str = ""
    forced: bool = False
    """Whether the gate had said no."""

    @property
    def row(self) -> dict[str, str]:
        """A line of a table."""
        at = f"{self.at:%Y-%m-%d %H:%M:%S}"
        before, to = ("" if number is None else str(number) for number in (self.before, self.to))
        what = " ".join([*(["forced,"] if self.forced else []), self.event, *filter(None, [self.alias])])
        return {"at": at, "by": self.by, "what": what, "from": before, "to": to, "why": self.why}


def move(
    registry: Registry, version: ModelVersion, alias: str, why: str, by: str | None = None, forced: bool = False
) -> Change | None:
    """Let a version hold an alias; nothing happens, and nothing is recorded, where it does already.

    Args:
        registry: Whose alias.
        version: Which version shall hold it.
        alias: `candidate` or `champion`.
        why: For the record.
        by: Who; the user whose process this is if left out.
        forced: Whether it is done although the gate said no.

    Returns:
        What was recorded; None where nothing had to be.

    Raises:
        Refused: when a retired version would become champion.
    """
    with registry.lake.lock("registry", "aliases", registry.project):
        settle(registry)
        if alias == CHAMPION and is_retired(registry.version(version.version)):
            raise Refused(f"{registry.project} version {version.version}", "is retired, so it cannot become champion")
        held, number = held_by(registry).get(alias), int(version.version)
        if held == number:
            return None
        return _carry_out(registry, _change("moved", by, alias=alias, before=held, to=number, why=why, forced=forced))


def drop(registry: Registry, alias: str, why: str, by: str | None = None) -> Change | None:
    """Let no version hold an alias; what was recorded, or None where none did."""
    with registry.lake.lock("registry", "aliases", registry.project):
        settle(registry)
        if (held := held_by(registry).get(alias)) is None:
            return None
        return _carry_out(registry, _change("dropped", by, alias=alias, before=held, why=why))


def retire(registry: Registry, version: ModelVersion, why: str, by: str | None = None) -> Change:
    """Mark a version as retired: it stays, with all that it was made from, and never becomes champion by itself.

    Raises:
        Refused: when it is champion.
    """
    with registry.lake.lock("registry", "aliases", registry.project):
        settle(registry)
        if held_by(registry).get(CHAMPION) == int(version.version):
            fix = f"promote another one first: trading-ml model promote {registry.project} VERSION"
            raise Refused(f"{registry.project} version {version.version}", "is champion and cannot be retired", fix)
        return _carry_out(registry, _change("retired", by, before=int(version.version), why=why))


def restore(registry: Registry, version: ModelVersion, why: str, by: str | None = None) -> Change:
    """Take the mark from a retired version."""
    with registry.lake.lock("registry", "aliases", registry.project):
        settle(registry)
        return _carry_out(registry, _change("restored", by, to=int(version.version), why=why))


def is_retired(version: ModelVersion) -> bool:
    """Whether a version was retired and not restored."""
    return RETIRED in version.tags


def held_by(registry: Registry) -> dict[str, int]:
    """Every alias, and the version that holds it."""
    found = registry.client.get_registered_model(registry.project).aliases
    return {alias: int(number) for alias, number in found.items()}


def history(registry: Registry) -> list[Change]:
    """Every change of a project's aliases, in order; what a killed process left is settled first."""
    with registry.lake.lock("registry", "aliases", registry.project):
        settle(registry)
        return _recorded(registry)


def settle(registry: Registry) -> None:
    """Bring the record and the registry together; the caller holds the lock."""
    announced = _announcement(registry)
    if announced.is_file():
        change = Change.model_validate_json(announced.read_bytes())
        if _stands(registry, change):
            _conclude(registry, change)
        else:
            announced.unlink()
    known = {change.alias: change.to for change in _recorded(registry) if change.alias}
    actual = held_by(registry)
    for alias in sorted({*known, *actual}):
        before, to = known.get(alias), actual.get(alias)
        if before != to:
            _record(registry, _change("found", None, alias=alias, before=before, to=to, why="moved by other means"))


def _change(event: Event, by: str | None, before: int | None = None, **told: Any) -> Change:
    return Change.model_validate({"at": datetime.now(UTC), "by": by or user(), "event": event, "from": before, **told})


def _carry_out(registry: Registry, change: Change) -> Change:
    registry.lake.write_json(_announcement(registry), _plain(change))
    _make(registry, change)
    _conclude(registry, change)
    return change


def _make(registry: Registry, change: Change) -> None:
    client, name, subject = registry.client, registry.project, str(change.to or change.before)
    if change.event == "moved":
        client.set_registered_model_alias(name, str(change.alias), subject)
    elif change.event == "dropped":
        client.delete_registered_model_alias(name, str(change.alias))
    elif change.event == "retired":
        client.set_model_version_tag(name, subject, RETIRED, change.why)
    else:
        client.delete_model_version_tag(name, subject, RETIRED)


def _stands(registry: Registry, change: Change) -> bool:
    """Whether the registry shows an announced change."""
    if change.alias:
        return held_by(registry).get(change.alias) == change.to
    return is_retired(registry.version(str(change.to or change.before))) == (change.event == "retired")


def _conclude(registry: Registry, change: Change) -> None:
    if _recorded(registry)[-1:] != [change]:
        _record(registry, change)
    _announcement(registry).unlink()


def _record(registry: Registry, change: Change) -> None:
    path = _path(registry)
    before = path.read_bytes() if path.is_file() else b""
    registry.lake.write_bytes(path, before + canonical(_plain(change)).encode() + b"\n")


def _recorded(registry: Registry) -> list[Change]:
    path = _path(registry)
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return [Change.model_validate_json(line) for line in lines]


def _plain(change: Change) -> dict[str, Any]:
    return change.model_dump(mode="json", by_alias=True)


def _path(registry: Registry) -> Path:
    return registry.lake.path("registry", "aliases", f"{registry.project}.jsonl")


def _announcement(registry: Registry) -> Path:
    return registry.lake.path("registry", "aliases", f"{registry.project}.announced.json")
