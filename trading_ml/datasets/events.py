"""What happens to a project's datasets: each was built once, some were promoted; nothing of that is forgotten.

An event is one small file, numbered in order; it appears in one rename, and none is changed or removed afterwards. What
is promoted and what waits follows from them. They lie beside the datasets and not in them, for they say when and who,
and a dataset's bytes depend on neither.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from trading_ml.core.errors import NoData, Unknown
from trading_ml.core.lake import Lake
from trading_ml.core.params import Params
from trading_ml.core.user import user

Kind = Literal["built", "promoted"]


class Event(Params):
    """What happened to a dataset."""

    event: Kind
    digest: str
    at: datetime
    by: str
    """Who did it."""
    why: str
    """Of a build which chunks were made and because of what; of a promotion its reason."""
    facts: dict[str, Any] = {}
    """Of a build `samples`, `first` and `last` day, `libraries`; of a promotion whether it was `forced`."""


def record(lake: Lake, project: str, event: Kind, digest: str, why: str, by: str | None = None, **facts: Any) -> Event:
    """Add an event, now; unless told otherwise, by the user whose process this is."""
    with lake.lock("queue", project):
        happened = Event(event=event, digest=digest, at=datetime.now(UTC), by=by or user(), why=why, facts=facts)
        number = max((int(path.stem) for path in _files(lake, project)), default=0) + 1
        lake.write_json(lake.path("queue", project, f"{number:06d}.json"), happened.model_dump(mode="json"))
    return happened


def events(lake: Lake, project: str) -> list[Event]:
    """Everything that happened to a project's datasets, in order."""
    return [Event.model_validate_json(path.read_bytes()) for path in _files(lake, project)]


def promotion(lake: Lake, project: str) -> Event | None:
    """The last promotion, so the one that holds; None where there was none."""
    return next((event for event in reversed(events(lake, project)) if event.event == "promoted"), None)


def promoted(lake: Lake, project: str) -> str:
    """Digest of the promoted dataset.

    Raises:
        NoData: when none has been promoted.
    """
    if holds := promotion(lake, project):
        return holds.digest
    raise NoData(f"datasets of {project}", "none is promoted", f"run `trading-ml dataset promote {project}`")


def resolve(lake: Lake, project: str, digest: str) -> str:
    """The whole digest of a project's dataset from its beginning.

    Raises:
        Unknown: when none or several begin so.
    """
    known = digests(lake, project)
    found = [each for each in known if digest and each.startswith(digest)]
    if len(found) > 1:
        raise Unknown(digest, f"begins {len(found)} datasets of {project}", "give more digits of it")
    if not found:
        raise Unknown.of(f"dataset of {project}", digest, [each[:12] for each in known])
    return found[0]


def digests(lake: Lake, project: str) -> list[str]:
    """Digests of all datasets of a project, the one built last at the end.

    Raises:
        Unknown: when the project has none, suggesting one that has.
    """
    order = {event.digest[:12]: event.digest for event in events(lake, project) if event.event == "built"}
    names = {path.parent.name for path in lake.path("datasets", project).glob("*/manifest.json")}
    if not names:
        raise Unknown.of("project with a dataset", project, projects(lake))
    unrecorded = sorted(_digest(lake, project, name) for name in names - order.keys())
    return [*unrecorded, *(digest for name, digest in order.items() if name in names)]


def projects(lake: Lake) -> list[str]:
    """Names of the projects that have a dataset."""
    return sorted({path.parent.parent.name for path in lake.path("datasets").glob("*/*/manifest.json")})


def _digest(lake: Lake, project: str, name: str) -> str:
    return json.loads(lake.path("datasets", project, name, "manifest.json").read_text("utf-8"))["digest"]


def _files(lake: Lake, project: str) -> list[Path]:
    return sorted(lake.path("queue", project).glob("*.json"))
