"""A user's own script in a folder outside the package: proven, built, in lineage; editing it rebuilds its table."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trading_ml.adapters.simulated import MarketParams, write
from trading_ml.core.digest import file_digest
from trading_ml.core.lake import Lake

SCRIPT = """\
import polars as pl
from scaling import scaled
from trading_ml.features import Bars, needs

@scaled
@needs(slow=Bars("30m"))
def squeeze(*, period: int = 3) -> pl.Expr:
    return pl.col("close").rolling_max(period) / pl.col("slow.close") - 1
"""
SCALING = """\
import functools
FACTOR = 100.0

def scaled(function):
    @functools.wraps(function)
    def inner(**params):
        return FACTOR * function(**params)
    return inner
"""
PROJECT = """\
name: {name}
instruments: ["simulated:ALFA"]
bars: {{every: 1m}}
features: {{{features}}}
labels: {{up: {{use: direction}}}}
split: {{by: ratios}}
model: {{family: dense, units: [4]}}
"""
DRIVER = """\
import sys
from datetime import date
from pathlib import Path
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.defs.code import Code
from trading_ml.defs.runs import Runs
from trading_ml.ticks import uploads

lake, days = Lake(Settings().data), [date(2024, 1, 2), date(2024, 1, 3)]
for path in sys.argv[1:]:
    upload = uploads.record(lake, uploads.check(Path(path)))
    Runs(lake, Code.load()).ingest(upload.id)
runs = Runs(lake, Code.load())
for project in runs.code.projects:
    runs.tables(project, "simulated:ALFA", days)
"""
LINEAGE = """\
import json, sys
from pathlib import Path
from trading_ml import datasets
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.lineage import walk
from trading_ml.project import find

lake = Lake(Settings().data)
if sys.argv[1] == "build":
    digest = datasets.build(lake, find("own", Settings().projects).dataset(("simulated:ALFA",))).digest
    print(json.dumps(walk(lake, f"own:{digest}#-1", bar=3, on="mine.slow")))
else:
    print(json.dumps(walk(lake, sys.argv[1])))
"""


class Desk:
    """A working folder with a user's modules, two projects and a data root, run by processes of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lake = folder, Lake(folder / "root")
        (folder / "signals").mkdir()
        (folder / "signals" / "mine.py").write_text(SCRIPT)
        (folder / "scaling.py").write_text(SCALING)
        own = 'mine: {use: "signals.mine:squeeze", period: 4, window: 150}, ret: {use: log_return}'
        (folder / "projects").mkdir()
        for name, features in {"own": own, "plain": "ret: {use: log_return}"}.items():
            (folder / "projects" / f"{name}.yaml").write_text(PROJECT.format(name=name, features=features))

    def run(self, *raw: Path) -> set[str]:
        """Bring all tables up to date; returns which were written."""
        before = self.stamps()
        self.python(DRIVER, *map(str, raw))
        after = self.stamps()
        return {"/".join(name.split("/")[:2]) for name in after if after[name] != before.get(name)}

    def python(self, code: str, *words: str) -> str:
        """Run some code here, in a process of its own; what it prints."""
        env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "TRADING_ML_DATA": str(self.lake.root)}
        env |= {"TRADING_ML_PROJECTS": str(self.folder / "projects")}
        command = [sys.executable, "-c", code, *words]
        done = subprocess.run(command, env=env, cwd=self.folder, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def lineage(self, what: str) -> dict[str, Any]:
        """What a lineage tells; `build` is the last sample of a new dataset, by the half hour three before its own."""
        return json.loads(self.python(LINEAGE, what))

    def stamps(self) -> dict[str, int]:
        files = [path for room in ("bars", "features", "labels") for path in (self.lake.root / room).rglob("*.parquet")]
        return {str(path.relative_to(self.lake.root)): path.stat().st_mtime_ns for path in files}

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text
        (self.folder / name).write_text(text.replace(old, new))

    @property
    def column(self) -> pl.Series:
        return self.lake.table("features", "own").read("simulated:ALFA", date(2024, 1, 3))["mine"]

    @property
    def source(self) -> str:
        receipt = self.lake.table("features", "own").receipt("simulated:ALFA", date(2024, 1, 3))
        assert receipt
        return receipt.facts["scripts"]["mine"]["source"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def mine(told: dict[str, Any]) -> dict[str, Any]:
    return next(script for script in told["dataset"]["scripts"] if script["name"] == "mine")


def in_lineage(told: dict[str, Any], desk: Desk, source: str, raw: list[Path]) -> None:
    """The script with the hash of its source, and its half hours down to raw lines."""
    script = mine(told)
    assert (script["use"], script["params"], script["origin"]) == ("signals.mine:squeeze", {"period": 4}, "own")
    assert (script["source"], script["unchanged"], script["proof"]["passed"]) == (source, True, True)
    assert script["file"] == str(desk.folder / "signals" / "mine.py")
    files = {"signals.mine": "signals/mine.py", "scaling": "scaling.py"}
    digests = {module: file_digest(desk.folder / file) for module, file in files.items()}
    assert {module: script["modules"][module] for module in files} == digests

    halves = told["bars"]["beside"]["mine.slow"]
    bar, first = told["ticks"]["bar"], told["ticks"]["first"]
    assert halves["bars"] == told["ticks"]["bars"] == "30m"
    assert bar == halves["rows"][-4]
    late = [datetime.fromisoformat(each[:19]) for each in (halves["last"], told["sample"]["ts"])]
    assert timedelta() <= late[1] - late[0] < timedelta(minutes=30)
    with gzip.open(raw[0], "rt") as file:
        lines = file.read().splitlines()
    assert first["text"] == lines[first["line"] - 1]
    assert bar["open"] == first["price"]
    assert bar["trades"] == told["ticks"]["count"]
    assert told["changes"] == []


def test_editing_a_script_rebuilds_just_the_table_made_of_it(desk: Desk, tmp_path: Path) -> None:
    params = MarketParams(symbols=("ALFA",), start=date(2024, 1, 2), end=date(2024, 1, 4), trades_per_minute=5)
    raw = [written.path for written in write(tmp_path / "raw", params)]
    tables = {"bars/1m", "bars/30m", "features/own", "features/plain", "labels/own", "labels/plain"}
    assert desk.run(*raw) == tables
    first, source = desk.column, desk.source
    assert first.null_count() == 0
    told = desk.lineage("build")
    in_lineage(told, desk, source, raw)

    desk.edit("signals/mine.py", "rolling_max", "rolling_min")  # of what the decorator comes from: test_script.py
    assert desk.run() == {"features/own"}
    second = desk.column
    assert (second <= first).all()
    assert not second.equals(first)
    assert desk.source != source
    since = mine(desk.lineage(f"own:{told['dataset']['digest']}"))
    assert (since["source"], since["unchanged"]) == (source, False)
