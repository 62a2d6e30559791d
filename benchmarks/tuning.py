"""A seeded search over the reference system's ranges: one trial at a time, two, killed, and on a Dask cluster.

The project is the shipped `order_profit_tuned` on simulated orders; ten trials, the best precision at a recall of 0.25
on the validation part. All contenders must find the same, trial for trial: what was tried, to which state, score and
weights (the answer is a digest of that). Each has a data root of its own, so that none finds another's trials.

- `killed and gone on with`: the whole process group is killed after some trials, and the search begun again.
- `a worker killed`: one of the two processes is killed in the middle of a trial.
- `two Dask workers`: a `LocalCluster` of two processes with one thread each.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.claim import Benchmark, Claim, Contender, Place, Work

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from trading_ml.registry.study import Study
    from trading_ml.registry.tuned import Tuned

PROJECT = Path(__file__).resolve().parents[1] / "projects" / "order_profit_tuned.yaml"
SHARE = 1 / 4000
"""Orders for each tick of the place's: 10,000 of forty millions."""
LEAST = 2_500
"""Orders at least: of two days, or the audit says that the price at which a day opened is no feature."""
FIRST = 3
"""Trials after which a search is killed."""


def prepare(place: Place) -> None:
    """The dataset of the project, from raw files of a simulated bot."""
    home = _home(place)
    if (home / "datasets").exists():
        return
    orders = str(max(int(place.ticks * SHARE), LEAST))
    written = json.loads(_cli(home, "simulate", "orders", "--orders", orders))["files"]
    _cli(home, "ingest", *(file["file"] for file in written))
    _cli(home, "dataset", "build", str(PROJECT))


def two(place: Place) -> Work:
    """Two processes."""
    return lambda: _told(_study(place, "two"), lambda study: study.run(parallel=2))


def one(place: Place) -> Work:
    """This process."""
    return lambda: _told(_study(place, "one"), lambda study: study.run(parallel=1))


def killed(place: Place) -> Work:
    """Two processes, which are killed with their parent; then once more."""

    def run(study: Study) -> Tuned:
        command = [sys.executable, "-m", "benchmarks.tuning", str(place.folder), str(place.ticks)]
        with subprocess.Popen(command, start_new_session=True) as child:
            _until(lambda: len(study.journal.told) >= FIRST, child)
            os.killpg(child.pid, signal.SIGKILL)
        kept = study.journal.path.read_bytes()
        found = study.run(parallel=2)
        if not study.journal.path.read_bytes().startswith(kept):
            raise AssertionError("a trial that had ended was tried again")
        return found

    return lambda: _told(_study(place, "killed"), run)


def worker_killed(place: Place) -> Work:
    """Two processes, of which one is killed in the middle of a trial."""

    def run(study: Study) -> Tuned:
        threading.Thread(target=_kill_one, args=(study,), daemon=True).start()
        return study.run(parallel=2)

    return lambda: _told(_study(place, "worker"), run)


def cluster(place: Place) -> Work:
    """The executor of a Dask cluster."""

    def run(study: Study) -> Tuned:
        with _dask() as executor:
            return study.run(parallel=2, given=executor)

    return lambda: _told(_study(place, "dask"), run)


@contextmanager
def _dask() -> Iterator[Executor]:
    from distributed import Client, LocalCluster

    here = {"processes": True, "dashboard_address": None}
    with LocalCluster(n_workers=2, threads_per_worker=1, **here) as local, Client(local) as client:
        yield client.get_executor(pure=False)


def _kill_one(study: Study) -> None:
    import multiprocessing

    while len(study.journal.told) < 2 or not multiprocessing.active_children():
        time.sleep(0.05)
    multiprocessing.active_children()[0].kill()


def _until(holds: Callable[[], bool], child: subprocess.Popen[bytes]) -> None:
    while not holds():
        if child.poll() is not None:
            raise RuntimeError("the search ended before it was killed")
        time.sleep(0.05)


def _study(place: Place, who: str, fresh: bool = True) -> Study:
    from trading_ml.core.lake import Lake
    from trading_ml.datasets import Dataset
    from trading_ml.defs.orders import study
    from trading_ml.project import load

    root = place.folder / f"tuning_{place.ticks}_{who}"
    if fresh:
        shutil.rmtree(root, ignore_errors=True)
    project, home = load(PROJECT), Lake(_home(place))
    search = study(Lake(root), Dataset.open(home, project.name), project)
    few = {"trials": 5, "startup": 2} if place.ticks < 1_000_000 else {}
    return replace(search, tuning=search.tuning.model_copy(update=few))


def _told(study: Study, run: Callable[[Study], Tuned]) -> Mapping[str, Any]:
    before, begun = _cpu(), time.perf_counter()
    found = run(study)
    (study.lake.root / "trials.json").write_text(json.dumps(found.told(), indent=1))
    return {
        "wall of all": time.perf_counter() - begun,
        "cpu of all": _cpu() - before,
        "trials": len(found.trials),
        "best trial": found.best.number,
        "precision": found.best.trial.scores[0],
        "answer": int(found.digest[:12], 16),
    }


def _cpu() -> float:
    """Of this process and of children that have ended."""
    told = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in told)


def _home(place: Place) -> Path:
    return place.folder / f"tuning_{place.ticks}"


def _cli(root: Path, *words: str) -> str:
    command = [sys.executable, "-m", "trading_ml.cli", "--data", str(root), "--json", *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def tables(place: Place) -> Iterator[str]:
    """The trials, which are those of all."""
    told = json.loads((place.folder / f"tuning_{place.ticks}_two" / "trials.json").read_text())
    yield "| trial | precision at recall 0.25 | epochs | state | weights | " + " | ".join(told["best"]["values"]) + " |"
    yield "| ---: | ---: | ---: | --- | --- |" + " ---: |" * len(told["best"]["values"])
    for each in told["trials"]:
        trial, values = each["trial"], [f"{v:.3g}" if isinstance(v, float) else str(v) for v in each["values"].values()]
        score = f"{trial['scores'][0]:.4f}" if trial["scores"] else ""
        cells = [str(each["number"]), score, str(trial["epochs"]), trial["state"], trial["weights"][:8], *values]
        yield f"| {' | '.join(cells)} |"


BENCHMARK = Benchmark(
    "ten trials of the linear learner on simulated orders: what is found, whoever tries",
    prepare,
    {
        "trading_ml": Contender(two),
        "one at a time": Contender(one),
        "killed and gone on with": Contender(killed),
        "a worker killed": Contender(worker_killed),
        "two Dask workers": Contender(cluster, module="distributed"),
    },
    tuple(
        Claim(f"a search by two processes against {who}, wall time", "wall of all", who)
        for who in ("one at a time", "killed and gone on with", "a worker killed", "two Dask workers")
    ),
    tables,
)


if __name__ == "__main__":
    _study(Place(Path(sys.argv[1]), int(sys.argv[2]), 0), "killed", fresh=False).run(parallel=2)
