"""One more day of ticks: what it costs against the full build, and whether that grows with the history.

Two histories, one twice as long as the other. The command is `trading-ml dataset build`, all of it measured: the
interpreter, imports, Dagster's record of every partition, the audit. The rooms are the same work without these: bars,
features and labels of the days that changed, and the dataset over all days, in a process that has begun already.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from benchmarks.claim import Benchmark, Claim, Contender, Place, Work
from benchmarks.market import NAME, day_ticks, write_ticks

PROJECT = f"""\
name: increment
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
DAYS = 250
"""Of the shorter history; a tenth of it where there are few ticks."""
_MADE = ("bars", "features", "labels", "datasets", "queue", "runs", "dagster")


def _own(place: Place, times: int, what: str) -> Place:
    """A data root of its own for one history; twice the history holds as many ticks as the place."""
    return replace(
        place, folder=place.folder / "increment" / f"{what}_{times}", ticks=_rows(place) * _history(place) * times
    )


def _history(place: Place) -> int:
    return DAYS if place.ticks >= 10_000_000 else DAYS // 10


def _rows(place: Place) -> int:
    return place.ticks // (_history(place) * 2)


def _prepare(place: Place) -> None:
    for times, what in ((1, "command"), (2, "command"), (1, "rooms"), (2, "rooms")):
        own = _own(place, times, what)
        write_ticks(own, more=1, rows_a_day=_rows(place))
        (own.folder / "increment.yaml").write_text(PROJECT, "utf-8")


def _command(times: int, full: bool, place: Place) -> Work:
    own = _own(place, times, "command")
    if full:
        _clear(own)
    return lambda: _built(own, *(("--to", str(_days(own)[-1])) if full else ()))


def _clear(own: Place) -> None:
    """Leave the ticks and the proofs: these are made once for a script, not for a history."""
    for room in _MADE:
        shutil.rmtree(own.root / room, ignore_errors=True)


def _days(own: Place) -> list[Any]:
    from trading_ml.core.lake import Lake

    return Lake(own.root).table("ticks", "trades").dates(NAME)


def _built(own: Place, *words: str) -> Mapping[str, Any]:
    """Run the command, and tell what it and all its children took."""
    command = [sys.executable, "-m", "trading_ml.cli", "--data", str(own.root), "--json", "dataset", "build"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command, str(own.folder / "increment.yaml"), *words], stdout=subprocess.DEVNULL, cwd=own.folder
    )
    if done.returncode not in (0, 1):  # the audit may refuse a random walk, which is no matter here
        raise RuntimeError("the build failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": cpu, "whole_cpu": cpu, "peak": after.ru_maxrss / 2**10, "days": len(_days(own))}


def _rooms(times: int, full: bool, place: Place) -> Work:
    from trading_ml import bars, datasets, features, labels
    from trading_ml.bars.table import day_bars
    from trading_ml.core.instruments import instrument
    from trading_ml.core.lake import Lake
    from trading_ml.core.time import NS
    from trading_ml.project import load

    own = _own(place, times, "rooms")
    lake, project, traded = Lake(own.root), load(own.folder / "increment.yaml"), instrument(NAME)
    os.environ["TRADING_ML_DATA"] = str(own.root)
    for room, uses in ((features, project.features), (labels, project.labels)):
        for use in uses.values():
            room.proof.prove_and_store(lake, use.bound)
    ticks, day = day_ticks(date(2020, 1, 2), 1000).cast({"ts_event": NS}), date(2020, 1, 2)
    day_bars(ticks, project.bars, day, "UTC")  # proofs and this one load the compiled kernels, once for a process
    if full:
        _clear(own)

    def work() -> Mapping[str, Any]:
        days = _days(own)[:-1] if full else _days(own)[-1:]
        bars.build(lake, traded, project.bars, days)
        features.build(lake, project.name, traded, project.bars, project.features, days)
        labels.build(lake, project.name, traded, project.bars, project.labels, days)
        made = datasets.build(lake, project.dataset((NAME,)))
        return {"samples": made.manifest["kept"], "days": made.manifest["days"][NAME]["count"]}

    return work


_MORE = ", one more day"
_NAMES = {"rooms": _rooms, "command": _command}
_TWICE = "twice the history, "


def _contenders() -> Mapping[str, Contender]:
    found = {}
    for who, work in _NAMES.items():
        for times, head in ((1, ""), (2, _TWICE)):
            found[head + who] = Contender(partial(work, times, True))
            found[head + who + _MORE] = Contender(partial(work, times, False))
    return found


def _claims() -> Iterator[Claim]:
    for who, most in (("rooms", 1 / 20), ("command", None)):
        for head in ("", _TWICE):
            what = f"{head}one more day, CPU against the full build: {who}"
            yield Claim(what, "cpu", head + who, at_most=most, ours=head + who + _MORE)
        what = f"one more day after twice the history, CPU against after once: {who}"
        most = 1.25 if who == "command" else None
        yield Claim(what, "cpu", who + _MORE, at_most=most, ours=_TWICE + who + _MORE)


BENCHMARK = Benchmark(
    "one more day of ticks after one history and after one twice as long, against the full build",
    _prepare,
    _contenders(),
    tuple(_claims()),
)
