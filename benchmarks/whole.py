"""Cached ticks → windowed dataset: the whole path in one command, and again after one more day of ticks.

The command is `trading-ml dataset build` on a project like the shipped `volatility`: 1-minute bars, OHLCV and ATR with
windows of 100 bars, a label, samples, split, purge, audit. All is measured, the interpreter and its imports too.
Scripts are proven once for each version of theirs: a build finds them proven, or is the first one and proves them.
The bare scan only reads time, price and size of the same files.

Partitions are months, as large catalogues have them: Dagster's record of a partition and asset takes some 40 ms of CPU,
whatever is in it, and a year of days has 250 times four of them. The lake's files are daily all the same.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import bars, peers
from benchmarks.claim import Benchmark, Claim, Contender, Place, Work
from benchmarks.market import NAME, write_ticks

PROJECT = f"""\
name: whole
description: Will one-minute volatility (ATR) be higher in five minutes than it is now?
instruments: ["{NAME}"]
bars: {{every: 1m}}
features:
  ohlcv: {{use: ohlcv, window: 100}}
  atr:   {{use: atr, period: 14, window: 100}}
labels:
  rises: {{use: atr_rises, period: 14, horizon: 5}}
split: {{by: ratios}}
model: {{family: dense}}
"""
MADE = ("bars", "features", "labels", "datasets", "queue", "runs", "dagster")


def _own(place: Place) -> Place:
    """A data root of its own: the product writes there, and other benchmarks count its days."""
    return replace(place, folder=place.folder / "whole")


def _prepare(place: Place) -> None:
    own = _own(place)
    write_ticks(own, more=1)
    (own.folder / "whole.yaml").write_text(PROJECT, "utf-8")
    for path in peers.files(own):
        path.read_bytes()


def _unproven(place: Place) -> Work:
    return _full(place, *MADE, "proofs")


def _full(place: Place, *rooms: str) -> Work:
    import shutil

    own = _own(place)
    for room in rooms or MADE:
        shutil.rmtree(own.root / room, ignore_errors=True)
    return lambda: _built(own, "--to", peers.files(own)[-1].stem)


def _one_more(place: Place) -> Work:
    own = _own(place)
    return lambda: _built(own)


def _nothing_new(place: Place) -> Work:
    own = _own(place)
    return lambda: _built(own)


def _built(own: Place, *words: str) -> Mapping[str, Any]:
    """Run the command, and tell what it and all its children took."""
    command = [sys.executable, "-m", "trading_ml.cli", "--data", str(own.root), "--json", "dataset", "build"]
    env = os.environ | {"TRADING_ML_GRANULARITY": "month"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command, str(own.folder / "whole.yaml"), *words], stdout=subprocess.PIPE, check=True, cwd=own.folder, env=env
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    told, cpu = json.loads(done.stdout), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    stored = sum(path.stat().st_size for path in (own.root / "datasets").rglob("*") if path.is_file())
    figures = {"cpu": cpu, "whole_cpu": cpu, "peak": after.ru_maxrss / 2**10, "ns a row": cpu / own.ticks * 1e9}
    return figures | {"samples": told["samples"], "bytes": stored}


def _materialised(place: Place) -> Work:
    """What the windows of all samples would take as float32 values, in memory or in a file."""
    own = _own(place)
    manifest = json.loads(max((own.root / "datasets" / "whole").glob("*/manifest.json"), key=_made).read_text())
    columns = sum(of["window"] * len(of["columns"]) for of in manifest["features"])
    return lambda: {"samples": manifest["kept"], "bytes": manifest["kept"] * columns * 4}


def _made(path: Path) -> float:
    return path.stat().st_mtime


def _scan(place: Place) -> Work:
    return bars.BENCHMARK.contenders["bare scan"].set_up(_own(place))


BENCHMARK = Benchmark(
    "cached ticks → windowed dataset, in one command",
    _prepare,
    {
        "trading_ml, scripts never proven before": Contender(_unproven),
        "trading_ml": Contender(_full),
        "trading_ml, one more day": Contender(_one_more),
        "trading_ml, nothing new": Contender(_nothing_new),
        "bare scan": Contender(_scan),
        "materialised windows": Contender(_materialised),
    },
    (
        Claim("ticks → windowed dataset, CPU against the bare three-column scan", "cpu", "bare scan", at_most=2.5),
        Claim(
            "the same with scripts never proven before",
            "cpu",
            "bare scan",
            ours="trading_ml, scripts never proven before",
        ),
        Claim("stored datasets, bytes against materialised windows", "bytes", "materialised windows", at_most=1 / 50),
        Claim("one more day, CPU against the full build", "cpu", "trading_ml", ours="trading_ml, one more day"),
        Claim("nothing new, CPU against the full build", "cpu", "trading_ml", ours="trading_ml, nothing new"),
    ),
)
