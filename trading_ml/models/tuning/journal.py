"""The journal of a search: a line of JSON for each trial that has ended, in the order in which they ended.

It is all that is kept of a search, and all that is needed to go on with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trading_ml.core.digest import canonical, digest
from trading_ml.core.lake import Lake
from trading_ml.models.tuning.trial import Told

_HEAD, _TRIAL, _CLOSED = "search", "trial", "closed"


@dataclass(frozen=True)
class Journal:
    """`tuning/<project>/<first digits of the key>.jsonl`; who writes it holds the lock of its project."""

    lake: Lake
    project: str
    key: str
    """Digest of all that decides what the search finds."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.lake.path("tuning", self.project, f"{self.key[:12]}.jsonl")

    def begin(self, search: dict[str, Any]) -> None:
        """Write down what is searched, unless that was done."""
        if not self.path.exists():
            self._write({_HEAD: {"key": self.key, **search}})

    def add(self, told: Told) -> None:
        """A trial has ended."""
        self._write({_TRIAL: told.model_dump(mode="json")})

    def close(self, closed: bool) -> None:
        """Whoever waits for this search takes the best of what there is, or does so no more."""
        self._write({_CLOSED: closed})

    @property
    def told(self) -> dict[int, Told]:
        """Trials that have ended, by number, in the order of the numbers."""
        trials = [Told.model_validate(line[_TRIAL]) for line in self._lines() if _TRIAL in line]
        return {each.number: each for each in sorted(trials, key=lambda each: each.number)}

    @property
    def closed(self) -> bool:
        """Whether it was closed, and not opened since."""
        return next((line[_CLOSED] for line in reversed(self._lines()) if _CLOSED in line), False)

    @property
    def digest(self) -> str:
        """Hex sha256 of what was tried and what came of it; times and places aside."""
        return digest([told.outcome for told in self.told.values()])

    def _lines(self) -> list[dict[str, Any]]:
        lines = self.path.read_text("utf-8").splitlines() if self.path.exists() else []
        return [json.loads(line) for line in lines]

    def _write(self, entry: dict[str, Any]) -> None:
        """One more line, in one atomic rename: a journal that was cut off in a line could not be read."""
        before = self.path.read_bytes() if self.path.exists() else b""
        self.lake.write_bytes(self.path, before + canonical(entry).encode() + b"\n")
