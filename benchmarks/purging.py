"""Purged k-fold: training events whose label interval overlaps that of a test event, left by ours and by mlfinpy's.

The work is one random walk of minute closes with an event at each, labelled twice: by a fixed horizon of 30 bars, and
by our triple-barrier script (8 deviations of a minute, at most 120 bars), whose intervals are of many lengths. Five
folds without embargo. Overlaps are counted here, by neither library, over half-open intervals [event, label end): an
event that ends at the very moment another begins does not overlap it.

mlfinpy's `PurgedKFold` begins its test range at the first test event's label end instead of its start. On intervals of
many lengths it therefore stops with "Train and test intersect"; there its `ml_get_train_times` gets the right start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.claim import Benchmark, Claim, Contender, Place, Work

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import polars as pl

Folds = Sequence[tuple[Any, Any]]
BARS, FOLDS, MINUTE = 20_000, 5, 60 * 10**9


def _prepare(place: Place) -> None:
    """Events (nanoseconds) and label ends of a random walk; bars that are not decided at its end have none."""
    import numpy as np
    import polars as pl

    from trading_ml.core.time import NS
    from trading_ml.labels.fixed_horizon import fixed_horizon
    from trading_ml.labels.triple_barrier import triple_barrier

    close = 100 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 1e-3, BARS)))
    stamps = pl.Series(1_514_764_800 * 10**9 + MINUTE * np.arange(1, BARS + 1)).cast(NS)
    open_ = np.concatenate((close[:1], close[:-1]))
    bars = pl.DataFrame(
        {"open": open_, "high": np.maximum(open_, close), "low": np.minimum(open_, close), "close": close}
    ).with_columns(ts_open=stamps.dt.offset_by("-1m"), ts_close=stamps)
    scripts = {
        "fixed": fixed_horizon(horizon=30),
        "barriers": triple_barrier(profit=8, stop=8, period=100, horizon=120),
    }
    for name, columns in scripts.items():
        events = bars.select("ts_close", **columns).drop_nulls().select(pl.col("ts_close", "label_end").to_physical())
        np.save(_events(place, name), events.to_numpy())


def _events(place: Place, name: str) -> Path:
    return place.folder / f"events_{name}.npy"


def _read(place: Place, name: str) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    starts, ends = np.load(_events(place, name)).T.copy()
    return starts, ends


def _overlapping(starts: np.ndarray, ends: np.ndarray, taught: np.ndarray, tested: np.ndarray) -> int:
    """Training events of which some test event has time in common, by the latest end among tests that began before."""
    import numpy as np

    order = tested[np.argsort(starts[tested])]
    latest = np.concatenate(([np.iinfo(np.int64).min], np.maximum.accumulate(ends[order])))
    begun = np.searchsorted(starts[order], ends[taught], "left")
    return int((latest[begun] > starts[taught]).sum())


def _told(place: Place, folds: Mapping[str, Folds]) -> Mapping[str, Any]:
    """What a library's folds of both kinds of events come to."""
    import numpy as np

    told, tests, rows = {}, 0, 0
    for name, parted in folds.items():
        starts, ends = _read(place, name)
        pairs = [(np.asarray(taught), np.asarray(tested)) for taught, tested in parted]
        told[f"training, {name}"] = sum(len(taught) for taught, _ in pairs)
        told[f"overlapping, {name}"] = sum(_overlapping(starts, ends, *pair) for pair in pairs)
        tests, rows = tests + sum(len(tested) for _, tested in pairs), rows + FOLDS * len(starts)
    return told | {"rows": rows, "answer": tests}


def _ours(place: Place) -> Work:
    import numpy as np
    import polars as pl

    from trading_ml.core.time import NS
    from trading_ml.datasets.folds import assign
    from trading_ml.datasets.splits import KFold

    def parted(name: str) -> Folds:
        starts, ends = _read(place, name)
        rows = {"row": np.arange(len(starts)), "ts": starts, "label_end": ends}
        samples = pl.DataFrame(rows).with_columns(pl.col("ts", "label_end").cast(NS))
        samples = samples.with_columns(instrument=pl.lit("a", pl.Enum(["a"])), date=pl.col("ts").dt.date())
        folds = assign(samples, KFold(groups=FOLDS, embargo=0), "purging")[0]
        return [_sides(folds.filter(pl.col("fold") == number)) for number in range(FOLDS)]

    return lambda: _told(place, {name: parted(name) for name in ("fixed", "barriers")})


def _sides(fold: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The peer has no validation part, so what validates here counts as training."""
    import polars as pl

    taught, tested = (fold.filter(pl.col("part").is_in(names)) for names in (["train", "validation"], ["test"]))
    return taught["sample"].to_numpy(), tested["sample"].to_numpy()


def _mlfinpy(place: Place) -> Work:
    import numpy as np
    import pandas as pd
    from mlfinpy.cross_validation.cross_validation import (  # pyright: ignore[reportMissingImports]  see the README
        PurgedKFold,
        ml_get_train_times,
    )

    def events(name: str) -> pd.Series:
        starts, ends = _read(place, name)
        return pd.Series(pd.to_datetime(ends), index=pd.to_datetime(starts))

    def fixed() -> Folds:
        own = events("fixed")
        return list(PurgedKFold(FOLDS, own, 0.0).split(pd.DataFrame({"x": 0.0}, index=own.index)))

    def barriers() -> Folds:
        own, folds = events("barriers"), []
        for tested in np.array_split(np.arange(len(own)), FOLDS):
            span = pd.Series([own.iloc[tested[-1]]], index=[own.index[tested[0]]])
            folds.append((own.index.get_indexer(ml_get_train_times(own, span).index), tested))
        return folds

    return lambda: _told(place, {"fixed": fixed(), "barriers": barriers()})


BENCHMARK = Benchmark(
    "purged k-fold: overlapping training events left",
    _prepare,
    {"trading_ml": Contender(_ours), "mlfinpy": Contender(_mlfinpy, module="mlfinpy")},
    (
        Claim(
            "overlapping training events left, fixed horizon, against mlfinpy's", "overlapping, fixed", "mlfinpy", 1e-6
        ),
        Claim("the same, barriers", "overlapping, barriers", "mlfinpy", 1e-6),
    ),
)
