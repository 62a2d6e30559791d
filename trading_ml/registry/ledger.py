"""Records that only grow: one line of JSON for each entry, below the data root, beside what they guard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trading_ml.core.digest import canonical
from trading_ml.core.lake import Lake


@dataclass(frozen=True)
class Ledger:
    """One such record: `registry/<kind>/<project>/<dataset>.jsonl`."""

    lake: Lake
    kind: str
    project: str
    dataset: str
    """Digest."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.lake.path("registry", self.kind, self.project, f"{self.dataset}.jsonl")

    def entries(self) -> list[dict[str, Any]]:
        """All entries, first to last."""
        lines = self.path.read_text("utf-8").splitlines() if self.path.exists() else []
        return [json.loads(line) for line in lines]

    def enter(self, model_key: str, stamp: str, told: Mapping[str, Any]) -> int:
        """Enter a model, unless it is there already, with the moment under `stamp`; returns how many there are then."""
        with self.lake.lock("registry", self.kind, self.project, self.dataset):
            known = {entry["model_key"] for entry in self.entries()}
            if model_key not in known:
                now = datetime.now(UTC).isoformat(timespec="seconds")
                line = canonical({"model_key": model_key, stamp: now, **told}).encode() + b"\n"
                self.lake.write_bytes(self.path, (self.path.read_bytes() if known else b"") + line)
            return len(known | {model_key})
