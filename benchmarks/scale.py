"""`python -m benchmarks.scale`: what it takes to load, look at, plan and watch a large catalogue.

By default that is a thousand instruments over eight years: two million partitions of ticks, filled in a few minutes.
Figures are wall seconds of one run; of sensors, one evaluation in a process that runs already, as the daemon's does.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.catalogue import Catalogue, fill, write_raw
from benchmarks.measure import machine

NEW = 10
"""New raw files that the sensors find."""
SLOW = 5.0
"""Seconds: an evaluation that takes less had nothing left to do."""
LOADED = "from trading_ml.definitions import defs; defs.get_repository_def()"
_ASSET = 'assetNodeOrError(assetKey: {path: ["ticks"]}) { ... on AssetNode { %s } }'
_STATUSES = """assetPartitionStatuses { ... on MultiPartitionStatuses { ranges { primaryDimStartKey
    secondaryDim { ... on DefaultPartitionStatuses { materializedPartitions } } } } }"""
QUESTIONS = {
    "asset graph": "assetNodes { id assetKey { path } dependencyKeys { path } isPartitioned hasMaterializePermission }",
    "asset graph, states of all assets": "assetNodes { id latestMaterialization: assetMaterializations(limit: 1) "
    "{ timestamp } partitionStats { numMaterialized numPartitions numFailed } }",
    "partition page, its keys": _ASSET % "partitionKeysByDimension { name partitionKeys }",
    "partition page, their states": _ASSET % _STATUSES,
}
"""What the UI asks to draw its pages, less what does not grow with a catalogue."""


def main(words: list[str] | None = None) -> int:
    """Fill a root, where it is not there yet, and print what it takes to work with it."""
    asked = _parser().parse_args(words)
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="catalogue_"))
    catalogue = Catalogue(folder.absolute(), asked.instruments, asked.years)
    catalogue.settle()
    try:
        for line in machine():
            print(line)
        if not catalogue.root.exists():
            fill(catalogue)
        print(f"{asked.instruments:,} instruments, {asked.years} years\n\n| | seconds |\n| --- | ---: |")
        for what, seconds in measured(catalogue):
            print(f"| {what} | {seconds:,.3g} |", flush=True)
    finally:
        if asked.folder is None:
            shutil.rmtree(folder)
    return 0


def measured(catalogue: Catalogue) -> Iterator[tuple[str, float]]:
    """What is done, and how long it took."""
    yield "code location loads, process and imports included", _timed(partial(_python, "-c", LOADED))
    with _webserver() as ask:
        for what, query in QUESTIONS.items():
            yield f"UI: {what}", _timed(partial(ask, query))
    yield from _sensors(catalogue)
    first, last = (f"lseg@{catalogue.symbols[at]}" for at in (0, -1))
    early, late = catalogue.span[0], catalogue.span[-1]
    for what, span in {
        "one year of all instruments": (f"{late}|{first}", f"{late}|{last}"),
        "all years of one instrument": (f"{early}|{first}", f"{late}|{first}"),
    }.items():
        yield f"plan a run: {what}", _timed(partial(_planned, *span))


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _python(*words: str) -> None:
    subprocess.run([sys.executable, *words], check=True, capture_output=True)


def _planned(start: str, end: str) -> None:
    """What Dagster and the assets do before the first partition is looked at: keys, plan, instruments and dates."""
    import dagster as dg
    from dagster._core.definitions.partitions.context import partition_loading_context
    from dagster._core.execution.api import create_execution_plan

    from trading_ml.defs import partitions
    from trading_ml.defs.code import Code
    from trading_ml.defs.jobs import keys_of_tables

    code, told = Code.load(), _instance()
    with partition_loading_context(dynamic_partitions_store=told):
        job = code.definitions.get_repository_def().get_job("tables")
        create_execution_plan(job.get_subset(asset_selection={*keys_of_tables(code.projects)}))
        keys = code.grid.get_partition_keys_in_range(dg.PartitionKeyRange(start, end), dynamic_partitions_store=told)
        partitions.cells(keys, code.grid)


def _sensors(catalogue: Catalogue) -> Iterator[tuple[str, float]]:
    """Evaluations as the daemon's: a round over everything, then nothing new, then new files."""
    from trading_ml.core.lake import Lake
    from trading_ml.defs.code import Code
    from trading_ml.ticks import uploads

    lake, code, told = Lake(catalogue.root), Code.load(), _instance()
    with _Sensor(code, told, "raw_files") as files, _Sensor(code, told, "touched") as touched:
        yield "sensor raw_files: the first rounds, which check every file", files.settle()
        yield "sensor touched: the first rounds, which check every partition", touched.settle()
        yield "sensor raw_files: nothing new", _timed(files.evaluate)
        yield "sensor touched: nothing new", _timed(touched.evaluate)
        for number in range(NEW):
            write_raw(lake, catalogue.symbols[number], [date(catalogue.span[-1], 6, 2)], time.time())
        time.sleep(3)
        yield f"sensor raw_files: {NEW} new files", _timed(files.evaluate)
        for upload in files.requested:
            uploads.parse(lake, upload)
        yield f"sensor touched: {NEW} new uploads", _timed(touched.evaluate)
        if (len(files.requested), len(touched.requested)) != (NEW, NEW):
            raise RuntimeError(f"{len(files.requested)} files and {len(touched.requested)} runs are not {NEW} of each")


class _Sensor:
    """A sensor of the code location, with the cursor it left."""

    def __init__(self, code: Any, told: Any, name: str) -> None:
        self._repository = code.definitions.get_repository_def()
        self._definition, self._told = self._repository.get_sensor_def(name), told
        self._resources = code.definitions.resources
        self._cursor: str | None = None
        self.requested: list[str] = []

    def __enter__(self) -> _Sensor:
        return self

    def __exit__(self, *_: object) -> None:
        print(f"<!-- {self._definition.name}: cursor of {len(self._cursor or ''):,} bytes -->")

    def evaluate(self) -> None:
        import dagster as dg
        from dagster._core.definitions.partitions.context import partition_loading_context

        context = dg.build_sensor_context(
            self._told, self._cursor, repository_def=self._repository, resources=self._resources
        )
        with context, partition_loading_context(dynamic_partitions_store=self._told):
            told = self._definition.evaluate_tick(context)
        self._cursor, self.requested = told.cursor, [str(request.run_key) for request in told.run_requests or []]

    def settle(self) -> float:
        """Seconds until an evaluation has nothing left to look at."""
        begun, before = time.perf_counter(), 0.0
        while (took := _timed(self.evaluate)) > SLOW:
            before += took
        return time.perf_counter() - begun - took * bool(before)


def _instance() -> Any:
    from trading_ml.core.lake import Lake
    from trading_ml.core.settings import Settings
    from trading_ml.defs.instance import instance

    return instance(Lake(Settings().data))


@contextmanager
def _webserver() -> Iterator[Callable[[str], None]]:
    """A webserver over the catalogue, and a way to ask it. Its first answer, which loads the code, is not counted."""
    from trading_ml.core.lake import Lake
    from trading_ml.core.settings import Settings
    from trading_ml.defs.instance import home

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    workspace = home(Lake(Settings().data)) / "workspace.yaml"
    command = [sys.executable, "-W", "ignore", "-m", "dagster_webserver", "-w", str(workspace)]
    server = subprocess.Popen([*command, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ask = partial(_ask, f"http://127.0.0.1:{port}/graphql")
    try:
        for _ in range(240):
            try:
                ask("version")
                break
            except OSError:
                time.sleep(0.5)
        ask("assetNodes { id }")
        yield ask
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def _ask(url: str, query: str) -> None:
    body = json.dumps({"query": f"{{ {query} }}"}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        told = json.load(answer)
    if "errors" in told:
        raise RuntimeError(told["errors"][0]["message"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--instruments", type=int, default=1000, help="(%(default)s)")
    parser.add_argument("--years", type=int, default=8, help="(%(default)s)")
    parser.add_argument("--folder", type=Path, help="keep what is made here, for another run")
    return parser


if __name__ == "__main__":
    sys.exit(main())
