"""Runs contenders in processes of their own, in turns, and tells wall time, CPU time and peak memory of each.

Of the figures `wall` and `cpu` (user + system, all threads) are of the work alone, with imports and opening done;
`whole_wall`, `whole_cpu` and `peak` are of the process from its start to its end. Seconds and MiB. `ns a row` is `cpu`
over the rows that the work says it took in; `load` is the machine's load average of the last minute when it began:
where it exceeds the number of cores, wall times are upper bounds and CPU times are what to compare.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.claim import Benchmark, Place

HERE = Path(__file__).resolve().parents[1]
Figures = Mapping[str, Any]


class Disagreement(AssertionError):
    """Contenders that were to do the same work gave different answers."""


def load(name: str) -> Benchmark:
    """The benchmark of a module of this folder."""
    return import_module(f"benchmarks.{name}").BENCHMARK


def run(name: str, place: Place, rounds: int) -> dict[str, dict[str, Any]]:
    """Medians of the figures of each contender that can run here, over rounds in which they take turns.

    Raises:
        Disagreement: when their answers differ.
    """
    benchmark = load(name)
    _child(sys.executable, name, "", place)
    able = {who: python for who in benchmark.contenders if (python := _python_for(benchmark, who, place))}
    found: dict[str, list[Figures]] = defaultdict(list)
    for _ in range(rounds):
        for who, python in able.items():
            found[who].append(_child(python, name, who, place))
    _agree(name, found)
    return {who: _medians(figures) for who, figures in found.items()}


def _python_for(benchmark: Benchmark, who: str, place: Place) -> str | None:
    """The interpreter that can run a contender, if any: `BENCHMARKS_PYTHON_<MODULE>` may name one of its own."""
    contender = benchmark.contenders[who]
    if place.ticks > contender.most:
        return None
    if contender.module is None:
        return sys.executable
    python = os.environ.get(f"BENCHMARKS_PYTHON_{contender.module.upper()}", sys.executable)
    tried = subprocess.run([python, "-c", f"import {contender.module}"], capture_output=True, check=False)
    return python if tried.returncode == 0 else None


def _child(python: str, name: str, who: str, place: Place) -> dict[str, Any]:
    command = [python, "-m", "benchmarks.measure", name, who, json.dumps(asdict(place), default=str)]
    env = os.environ | {"PYTHONPATH": str(HERE), "TRADING_ML_DATA": str(place.root)}
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=HERE, env=env, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}: {who or 'preparing'} failed")
    return {**json.loads(done.stdout.splitlines()[-1]), "whole_wall": time.perf_counter() - begun}


def _work(name: str, who: str, place: Place) -> dict[str, Any]:
    """In the child: set up, do the work, tell what it took."""
    benchmark = load(name)
    if not who:
        benchmark.prepare(place)
        return {}
    work, load_average = benchmark.contenders[who].set_up(place), os.getloadavg()[0]
    wall, cpu = time.perf_counter(), time.process_time()
    told = dict(work())
    figures = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    if rows := told.pop("rows", 0):
        figures["ns a row"] = figures["cpu"] / rows * 1e9
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        **figures,
        "whole_cpu": time.process_time(),
        "peak": peak / (2**20 if sys.platform == "darwin" else 2**10),
        "load": load_average,
        **told,
    }


def _agree(name: str, found: Mapping[str, list[Figures]]) -> None:
    answers = {who: each["answer"] for who, figures in found.items() for each in figures if "answer" in each}
    if not answers:
        return
    wanted = next(iter(answers.values()))
    for who, answer in answers.items():
        if abs(answer - wanted) > 1e-9 * abs(wanted):
            raise Disagreement(f"{name}: {who} answers {answer}, not {wanted}")


def _medians(figures: list[Figures]) -> dict[str, Any]:
    return {key: median(each[key] for each in figures) for key in figures[0] if key != "answer"}


def machine() -> Iterator[str]:
    """What the figures were measured on and with."""
    from importlib.metadata import version
    from platform import python_version

    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "CPU")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    average = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    yield f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB; load average {average} before the run"
    yield f"Python {python_version()}, " + ", ".join(
        f"{name} {version(name)}" for name in ("polars", "pyarrow", "duckdb", "pandas", "numba")
    )


if __name__ == "__main__":
    told = json.loads(sys.argv[3])
    print(json.dumps(_work(sys.argv[1], sys.argv[2], Place(Path(told["folder"]), told["ticks"], told["raw"]))))
