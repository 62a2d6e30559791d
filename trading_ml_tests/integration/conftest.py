"""A small market and a small project, for tests that walk the whole path."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from trading_ml.adapters.simulated import MarketParams, write

PROJECT = """\
name: small
description: Will ATR rise?
instruments: ["simulated:*"]
bars: {every: 1m}
features:
  ohlcv: {use: ohlcv, window: 30}
  atr:   {use: atr, period: 14, window: 30}
labels:
  rises: {use: atr_rises, period: 14, horizon: 5}
split: {by: date, validation_from: 2024-01-10, test_from: 2024-01-15}
model: {family: dense, units: [16], scale: {ohlcv: minmax, atr: minmax}}
training: {epochs: 2, batch_size: 256, seed: 7}
"""


class Place:
    """A working directory with a raw file, a project and data roots; the command line runs there in processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "projects").mkdir()
        (folder / "projects" / "small.yaml").write_text(PROJECT)
        params = MarketParams(symbols=("ALFA",), start=date(2024, 1, 2), end=date(2024, 1, 20))
        self.raw = [written.path for written in write(folder / "raw", params)]

    def command(self, root: str, *words: object) -> tuple[list[str], dict[str, str]]:
        """What starts `trading-ml` on one of the roots, and its environment."""
        package = str(Path(__file__).parents[2])
        env = os.environ | {"PYTHONPATH": package, "TRADING_ML_DATA": root}
        return [sys.executable, "-m", "trading_ml.cli", *map(str, words)], env

    def run(self, root: str, *words: object, code: int = 0) -> dict[str, Any]:
        """Run `trading-ml … --json` to its end."""
        command, env = self.command(root, *words, "--json")
        done = subprocess.run(command, env=env, cwd=self.folder, capture_output=True, text=True, timeout=240)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def digests(self, root: str) -> dict[str, str]:
        """By path, what was published under a root: each table's partitions, and each dataset's files."""
        from trading_ml.core.digest import file_digest

        base = self.folder / root
        rooms = ("ticks", "bars", "features", "labels", "datasets", "quarantine", "uploads")
        files = [path for room in rooms for path in sorted((base / room).rglob("*")) if path.is_file()]
        return {str(path.relative_to(base)): file_digest(path) for path in files}

    def weights(self, root: str) -> str:
        """Digest of the weights of the newest version."""
        from trading_ml.core.lake import Lake
        from trading_ml.registry.store import Registry

        registry = Registry.open(Lake(self.folder / root), "small")
        return registry.version("1").tags["weights"]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The place, made once."""
    return Place(tmp_path_factory.mktemp("place"))


@pytest.fixture(scope="session")
def undisturbed(place: Place) -> dict[str, Any]:
    """What an undisturbed ingest and project run gave, on root `calm`.

    Two weeks of one instrument teach too little: the gate refuses the version, which is exit code 1.
    """
    place.run("calm", "ingest", *place.raw)
    return place.run("calm", "project", "run", "small", code=1)
