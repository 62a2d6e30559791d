"""What the proofs of a project's scripts cost, against its build of 250 days without them.

The build is the bare one: the rooms' own functions, one after another, no Dagster, over the three instruments of the
simulated exchange: from ticks to bars, six features and a label, and a dataset; what reading the files took is told
apart. Proofs are made as a build makes them, on the last real bars as well, and once only: they are kept by the
scripts' sources, their parameters and the versions of the libraries. Their CPU counts the crafted series and the
witness, another process that is asked about scripts that are somebody's own; not the imports, which the build needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.claim import Benchmark, Claim, Contender, Place, Work

if TYPE_CHECKING:
    from trading_ml.core.lake import Lake
    from trading_ml.core.script import Use

DAYS, TICKS_A_DAY = 250, 35_000
SYMBOLS, PROJECT = ("simulated:ALFA", "simulated:BETA", "simulated:GAMA"), "proofs"
FEATURES = {
    "ohlcv": {"use": "ohlcv"}, "atr": {"use": "atr", "period": 14}, "rsi": {"use": "rsi"}, "sma": {"use": "sma"},
    "returns": {"use": "log_return"}, "swing": {"use": "realized_volatility", "period": 30},
}  # fmt: skip
"""As many as the project of an example has, all built in."""
OWN = {"returns": {"use": "benchmarks.proofs:thrust"}, "swing": {"use": "benchmarks.proofs:calm", "period": 30}}
"""Two of them somebody's own instead, so that the witness is asked."""
LABELS = {"rises": {"use": "atr_rises", "period": 14, "horizon": 5}}
SOUND = 7
"""Scripts that are to pass."""


def thrust(*, lag: int = 3) -> Any:
    """How far the close went, in ranges of this bar."""
    import polars as pl

    return pl.col("close").diff(lag) / (pl.col("high") - pl.col("low") + 0.01)


def calm(*, period: int = 20) -> dict[str, Any]:
    """The mean range of the last bars, and the widest of them."""
    import polars as pl

    span = pl.col("high") - pl.col("low")
    return {"mean": span.rolling_mean(period), "most": span.rolling_max(period)}


def _prepare(place: Place) -> None:
    """Files of the simulated exchange, read in; bars, and proofs for the bare build to ask for."""
    from trading_ml.adapters.simulated import MarketParams, write

    lake = _lake(place)
    if not lake.path("raw").exists():
        first = date(2023, 1, 2)
        last = first + timedelta(days=-(-days(place) * 7 // 5))
        write(lake.path("raw"), MarketParams(start=first, end=last))
    if not lake.table("bars", "1m").instruments():
        _read(lake)
        _bars(lake)
    _prove(lake, FEATURES)


def _lake(place: Place) -> Lake:
    from trading_ml.core.lake import Lake

    return Lake(place.folder / "proofs")


def _read(lake: Lake) -> None:
    """Files → ticks."""
    from trading_ml.core.instruments import instrument
    from trading_ml.ticks import merge, uploads

    for path in sorted(lake.path("raw").rglob("*.csv.gz")):
        uploads.parse(lake, uploads.announce(lake, path, "simulated").id)
    stale = list(merge.stale(lake))
    for name in SYMBOLS:
        merge.build_dates(lake, instrument(name), {cell.date for cell in stale if cell.instrument == name}, "trades")


def days(place: Place) -> int:
    """Sessions to build."""
    return max(min(place.ticks // TICKS_A_DAY, DAYS), 5)


def _bars(lake: Lake) -> dict[str, list[date]]:
    """Ticks → bars; the dates of each instrument."""
    from trading_ml import bars
    from trading_ml.core.instruments import instrument

    dates = {name: lake.table("ticks", "trades").dates(name) for name in SYMBOLS}
    for name in SYMBOLS:
        bars.build(lake, instrument(name), bars.BarParams(every="1m"), dates[name])
    return dates


def _uses(features: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    from trading_ml.features import FeatureUse
    from trading_ml.labels import LabelUse

    return (
        {name: FeatureUse.parse(told, name) for name, told in features.items()},
        {name: LabelUse.parse(told, name) for name, told in LABELS.items()},
    )


def _prove(lake: Lake, features: Mapping[str, Any]) -> int:
    """How many scripts pass."""
    from trading_ml import features as of_features
    from trading_ml import labels as of_labels
    from trading_ml.bars import BarParams
    from trading_ml.bars.beside import sample
    from trading_ml.core.instruments import instrument
    from trading_ml.core.witness import Witness

    own, traded = BarParams(every="1m"), instrument(SYMBOLS[0])
    with Witness() as witness:

        def passed(room: Any, name: str, use: Use) -> bool:
            return room.proof.prove_and_store(lake, use.bound, *sample(lake, own, traded, name, use), witness).passed

        pairs = zip((of_features, of_labels), _uses(features), strict=True)
        return sum(passed(room, name, use) for room, uses in pairs for name, use in uses.items())


def _proven(features: Mapping[str, Any]) -> Callable[[Place], Work]:
    def set_up(place: Place) -> Work:
        from trading_ml.core.days import Days

        lake = _lake(place)
        days = Days(lake.table("bars", "1m"), SYMBOLS[0])
        for uses in _uses(features):
            for use in uses.values():
                use.bound.evaluate(days.read(days.dates[0]))  # imports

        def work() -> Mapping[str, Any]:
            begun = _cpu()
            return {"answer": _prove(lake, features), "cpu": _cpu() - begun}

        return work

    return set_up


def _cpu() -> float:
    """Seconds of CPU of this process and of those it has seen end."""
    return sum(os.times()[:4])


def _build(place: Place) -> Work:
    """Files and proofs lie ready; all else is made."""
    import shutil

    lake = _lake(place)
    for room in ("uploads", "ticks", "bars", "features", "labels", "datasets"):
        shutil.rmtree(lake.path(room), ignore_errors=True)
    return lambda: _built(lake)


def _built(lake: Lake) -> Mapping[str, Any]:
    from trading_ml import datasets, features, labels
    from trading_ml.bars import BarParams
    from trading_ml.core.instruments import instrument

    begun, own = _cpu(), BarParams(every="1m")
    _read(lake)
    read = _cpu()
    dates = _bars(lake)
    asked, wanted = _uses(FEATURES)
    for name in SYMBOLS:
        features.build(lake, PROJECT, instrument(name), own, asked, dates[name])
        labels.build(lake, PROJECT, instrument(name), own, wanted, dates[name])
    known = dates[SYMBOLS[0]]
    split = {"by": "date", "validation_from": known[len(known) * 3 // 5], "test_from": known[len(known) * 4 // 5]}
    told = {"project": PROJECT, "instruments": SYMBOLS, "bars": own, "features": asked, "labels": wanted}
    source = datasets.build(lake, datasets.DatasetParams.model_validate(told | {"split": split}))
    ready = _cpu()
    return {
        "answer": SOUND, "cpu": ready - read, "files to ticks": read - begun, "days": len(known),
        "training samples": len(source.indices("train")),
    }  # fmt: skip


OURS, OWNED = "trading_ml", "trading_ml, two scripts one's own"
BENCHMARK = Benchmark(
    f"the proofs of six features and a label, against the bare build of {DAYS} days of three instruments",
    _prepare,
    {OURS: Contender(_proven(FEATURES)), OWNED: Contender(_proven(FEATURES | OWN)), "build": Contender(_build)},
    (
        Claim(
            "proofs of a project's scripts, CPU against its build of 250 days from ticks", "cpu", "build", at_most=0.1
        ),
        Claim("the same, two scripts being one's own", "cpu", "build", at_most=0.1, ours=OWNED),
    ),
)
