"""Promotion: which of a project's datasets training reads. Builds come and go; only a promotion moves this."""

from __future__ import annotations

import json
from typing import Any

from trading_ml.core.errors import NoData, Refused, Unknown
from trading_ml.core.lake import Lake


def promote(lake: Lake, project: str, digest: str) -> None:
    """Let training read this dataset from now on.

    Raises:
        Unknown: when there is no such dataset. Refused: when its parts were not verified to be free of overlap.
    """
    manifest = lake.path("datasets", project, digest[:12], "manifest.json")
    if not manifest.is_file():
        known = [path.parent.name for path in lake.path("datasets", project).glob("*/manifest.json")]
        raise Unknown.of(f"dataset of {project}", digest, known)
    content: dict[str, Any] = json.loads(manifest.read_text("utf-8"))
    if any(fold["overlaps"] for fold in content["folds"]):
        raise Refused(f"dataset {digest[:12]} of {project}", "has overlapping label intervals between its parts")
    lake.write_json(lake.path("datasets", project, "promoted.json"), {"digest": content["digest"]})


def promoted(lake: Lake, project: str) -> str:
    """Digest of the promoted dataset.

    Raises:
        NoData: when none has been promoted.
    """
    path = lake.path("datasets", project, "promoted.json")
    if not path.is_file():
        raise NoData(f"datasets of {project}", "none is promoted", f"run `trading-ml dataset promote {project}`")
    return json.loads(path.read_text("utf-8"))["digest"]
