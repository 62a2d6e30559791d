"""Lineage of one sample, over a long history and over a tenth of it: milliseconds a walk, which must not grow.

What grows is the number of days and months, so days are small here. The ticks were never in raw files: what their
lines cost is told by `packet`.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter, process_time
from typing import Any

from benchmarks.access import quantile
from benchmarks.claim import Benchmark, Claim, Contender, Place, Work
from benchmarks.market import NAME, write_ticks

ROWS_A_DAY = 20_000
SHARE = 10
WALKS = 30
PROJECT = "walked"


def _prepare(place: Place) -> None:
    for own in (_long(place), _short(place)):
        write_ticks(replace(own, ticks=ROWS_A_DAY), more=own.ticks // ROWS_A_DAY - 1)
        _dataset(own)


def _long(place: Place) -> Place:
    """A data root of its own with so many days that they hold the place's ticks."""
    return Place(place.folder / "lineage_long", max(place.ticks // ROWS_A_DAY, 2 * SHARE) * ROWS_A_DAY, 0)


def _short(place: Place) -> Place:
    return Place(place.folder / "lineage_short", _long(place).ticks // SHARE, 0)


def _root(own: Place) -> Any:
    from trading_ml.core.lake import Lake

    return Lake(replace(own, ticks=ROWS_A_DAY).root)


def _dataset(own: Place) -> None:
    """A dataset of all its days, by the rooms; found again where it was built before."""
    from datetime import date

    from trading_ml import bars, datasets, features, labels
    from trading_ml.core.instruments import instrument
    from trading_ml.features import proof as feature_proof
    from trading_ml.labels import proof as label_proof

    lake, traded, scripts = _root(own), instrument(NAME), {"atr": {"use": "atr", "window": 100}}
    params = datasets.DatasetParams.model_validate(
        {
            "project": PROJECT, "instruments": [NAME], "bars": {"every": "1m"}, "split": {"by": "ratios"},
            "features": scripts | {"ohlcv": {"use": "ohlcv", "window": 100}}, "labels": {"up": {"use": "direction"}},
        }
    )  # fmt: skip
    days = list(bars.build_span(lake, traded, params.bars, date.min, date.max))
    for use in params.features.values():
        feature_proof.prove_and_store(lake, use.bound)
    for use in params.labels.values():
        label_proof.prove_and_store(lake, use.bound)
    features.build(lake, PROJECT, traded, params.bars, params.features, days)
    labels.build(lake, PROJECT, traded, params.bars, params.labels, days)
    datasets.promote(lake, PROJECT, datasets.build(lake, params).digest)


def _walks(own: Place) -> Work:
    import random

    from trading_ml.datasets import Dataset
    from trading_ml.lineage import walk

    lake = _root(own)
    count, drawing = Dataset.open(lake, PROJECT).manifest["kept"], random.Random(7)

    def work() -> Mapping[str, Any]:
        took, cpu = [], process_time()
        for _ in range(WALKS):
            begun = perf_counter()
            told = walk(lake, f"{PROJECT}:promoted#{drawing.randrange(count)}")
            took.append((perf_counter() - begun) * 1000)
            assert told["ticks"]["count"] == told["ticks"]["bar"]["trades"]
        figures = {"p50": quantile(took, 0.5), "slowest": max(took), "cpu each": (process_time() - cpu) * 1000 / WALKS}
        return {**figures, "days": own.ticks // ROWS_A_DAY, "samples": count}

    return work


def _command(place: Place) -> Work:
    root = _root(_long(place)).root
    words = ["--data", str(root), "--json", "lineage", f"{PROJECT}:promoted#1234"]

    def work() -> Mapping[str, Any]:
        begun, before = perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "trading_ml.cli", *words], stdout=subprocess.DEVNULL, check=True)
        took, after = perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"p50": took * 1000, "cpu each": cpu * 1000}

    return work


BENCHMARK = Benchmark(
    "from one sample down to its ticks",
    _prepare,
    {
        "trading_ml": Contender(lambda place: _walks(_long(place))),
        "trading_ml, a tenth": Contender(lambda place: _walks(_short(place))),
        "trading-ml lineage": Contender(_command),
    },
    (
        Claim("lineage of a sample over ten times the history, p50", "p50", "trading_ml, a tenth", at_most=1.5),
        Claim("the same, CPU", "cpu each", "trading_ml, a tenth", at_most=1.5),
    ),
)
