"""The record of who looked at a dataset's test part: one line per model, never removed.

Each look is a chance to be lucky, so the gate grows stricter with their number.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from trading_ml.core.digest import canonical
from trading_ml.core.lake import Lake


def opened(lake: Lake, project: str, dataset: str) -> list[str]:
    """Keys of the models that were judged on the test part of `dataset` (a digest), first to last."""
    path = lake.path("registry", "openings", project, f"{dataset}.jsonl")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [json.loads(line)["model_key"] for line in lines]


def record(lake: Lake, project: str, dataset: str, model_key: str) -> int:
    """Record that a model is about to be judged, before it is; returns how many were, this one included.

    A model that was recorded before is not counted again: it learns nothing new.
    """
    with lake.lock("registry", "openings", project, dataset):
        path = lake.path("registry", "openings", project, f"{dataset}.jsonl")
        keys = opened(lake, project, dataset)
        if model_key not in keys:
            line = canonical({"model_key": model_key, "opened": datetime.now(UTC).isoformat(timespec="seconds")})
            before = path.read_bytes() if keys else b""
            lake.write_bytes(path, before + line.encode() + b"\n")
            keys.append(model_key)
        return len(keys)
