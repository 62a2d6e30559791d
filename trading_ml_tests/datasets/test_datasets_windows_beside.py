"""Windows of features on other bars and other instruments, against slices of plain loops over hand-made bars."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest

from trading_ml.core.evidence import Invariance, Lookahead
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.core.time import NS
from trading_ml.datasets import DatasetParams, build, sources
from trading_ml.features import table
from trading_ml.features.proof import FeatureProof
from trading_ml_tests.datasets.conftest import HOME

ALFA, BETA = "simulated:ALFA", "simulated:BETA"
DAYS = [date(2024, 1, 2) + timedelta(n) for n in range(4)]
Bar = dict[str, Any]
PRICES = ("open", "high", "low", "close", "volume")
FEATURES: dict[str, dict[str, Any]] = {
    "candle": {"use": "ohlcv"},
    "slow": {"use": "ohlcv", "on": "5m"},
    "beta": {"use": f"{HOME}:single", "on": {"every": "1m", "instrument": BETA, "max_age": "30m"}},
    "wide": {"use": f"{HOME}:pair", "on": {"every": "5m", "instrument": BETA, "max_age": "2h"}},
}
LAYOUTS = [
    {"candle": 4, "slow": 1, "beta": 9, "wide": 2},
    {"candle": 1, "slow": 12, "beta": 3, "wide": 7},
    {"wide": 30, "candle": 2},
]


def minutes(name: str, day: date) -> list[Bar]:
    """Ninety minutes, some of which nobody traded in; the same date in UTC and in New York."""
    rng = Random(f"{name}{day}")
    start = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
    found = []
    for minute in (m for m in range(90) if rng.random() < 0.85):
        first, last = rng.uniform(90, 110), rng.uniform(90, 110)
        opens = start + timedelta(minutes=minute)
        high, low = max(first, last) + rng.random(), min(first, last) - rng.random()
        found.append(
            {"ts_open": opens, "ts_close": opens + timedelta(minutes=1), "open": first, "high": high, "low": low,
             "close": last, "volume": rng.uniform(1, 9)}
        )  # fmt: skip
    return found


def fives(bars: list[Bar]) -> list[Bar]:
    """Bars of five minutes from those of one, by hand."""
    found: dict[datetime, list[Bar]] = {}
    for bar in bars:
        opens = bar["ts_open"] - timedelta(minutes=bar["ts_open"].minute % 5)
        found.setdefault(opens, []).append(bar)
    return [
        {"ts_open": opens, "ts_close": opens + timedelta(minutes=5), "open": of[0]["open"],
         "high": max(bar["high"] for bar in of), "low": min(bar["low"] for bar in of), "close": of[-1]["close"],
         "volume": sum(bar["volume"] for bar in of)}
        for opens, of in found.items()
    ]  # fmt: skip


def history(name: str, every: str) -> list[Bar]:
    return [bar for day in DAYS for bar in (minutes(name, day) if every == "1m" else fives(minutes(name, day)))]


def latest(bars: list[Bar], moment: datetime, age: timedelta) -> Bar | None:
    closed = [bar for bar in bars if bar["ts_close"] <= moment]
    return closed[-1] if closed and moment - closed[-1]["ts_close"] <= age else None


def rows(name: str, feature: str) -> list[list[float] | None]:
    """What a feature shows of each of the instrument's bars; None where it has nothing to show."""
    own = history(name, "1m")
    bars, age = {
        "candle": (own, timedelta(days=7)),
        "slow": (history(name, "5m"), timedelta(days=7)),
        "beta": (history(BETA, "1m"), timedelta(minutes=30)),
        "wide": (history(BETA, "5m"), timedelta(hours=2)),
    }[feature]
    columns = {"beta": ("close",), "wide": ("close", "volume")}.get(feature, PRICES)
    shown = (latest(bars, bar["ts_close"], age) for bar in own)
    return [None if bar is None else [bar[column] for column in columns] for bar in shown]


def params(layout: dict[str, int]) -> DatasetParams:
    raw = {
        "project": "toy",
        "instruments": [ALFA, BETA],
        "bars": {"every": "1m"},
        "features": {name: FEATURES[name] | {"window": window} for name, window in layout.items()},
        "labels": {"up": {"use": f"{HOME}:up"}},
        "split": {"by": "date", "validation_from": str(DAYS[2]), "test_from": str(DAYS[3])},
    }
    return DatasetParams.parse(raw, "")


def write(lake: Lake, wanted: DatasetParams) -> None:
    """Bars and labels by hand; the features are built."""
    for name in (ALFA, BETA):
        for day in DAYS:
            for every, bars in (("1m", minutes(name, day)), ("5m", fives(minutes(name, day)))):
                frame = pl.DataFrame(bars).with_columns(pl.col("ts_open", "ts_close").cast(NS))
                lake.table("bars", every).write(name, day, frame, inputs=f"{name} {day}")
                if every == "1m":
                    _labels(lake, wanted, name, day, frame)
    for name in (ALFA, BETA):
        table.build(lake, "toy", instrument(name, Settings().instruments), wanted.bars, wanted.features, DAYS)


def _labels(lake: Lake, wanted: DatasetParams, name: str, day: date, bars: pl.DataFrame) -> None:
    end = pl.col("ts_close").dt.offset_by("1m").alias("up.label_end")
    frame = bars.select("ts_close", (pl.col("close") > 100).alias("up"), end)
    facts = {"scripts": {"up": wanted.labels["up"].bound.describe}}
    lake.table("labels", "toy").write(name, day, frame, inputs="hand", facts=facts)


@pytest.mark.parametrize("layout", LAYOUTS, ids=["mixed", "slow is longest", "far is longest"])
def test_windows_equal_slices_of_plain_loops(
    lake: Lake, layout: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources.label_proof, "require", lambda lake, bound: None)
    wanted = params(layout)
    for use in wanted.features.values():
        proof = FeatureProof(
            script=use.use, params={}, digest=use.bound.digest, warm_up=0, passed=True, deterministic=True,
            lookahead=Lookahead(passed=True), partition_invariance=Invariance(passed=True, worst=0.0),
        )  # fmt: skip
        proof.store(lake)
    write(lake, wanted)
    dataset = build(lake, wanted)
    shown = {(name, feature): rows(name, feature) for name in (ALFA, BETA) for feature in layout}
    indices = np.random.default_rng(3).permutation(dataset.samples.height)
    gathered = {feature: dataset.windows(indices, feature) for feature in layout}
    for position, index in enumerate(indices.tolist()):
        name, row = dataset.samples.row(index)[:2]
        for feature, length in layout.items():
            assert np.array_equal(
                gathered[feature][position], np.array(shown[name, feature][row + 1 - length : row + 1], np.float32)
            )
    assert dataset.samples.height == sum(
        all(None not in shown[name, feature][max(row + 1 - length, 0) : row + 1] for feature, length in layout.items())
        for name in (ALFA, BETA)
        for row in range(max(layout.values()) - 1, len(history(name, "1m")))
    )
