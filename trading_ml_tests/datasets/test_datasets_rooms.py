"""From bars to a dataset through the real rooms: proofs are demanded, and the dataset shows what the tables hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from trading_ml import features, labels
from trading_ml.core.errors import Refused
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.core.time import NS
from trading_ml.datasets import DatasetParams, build
from trading_ml.features import proof as feature_proof
from trading_ml.labels import proof as label_proof

DATES = [date(2024, 3, 1) + timedelta(n) for n in range(9)]
MINUTE = 60 * 10**9
PARAMS = DatasetParams.parse(
    {
        "project": "small",
        "instruments": ["test:A"],
        "bars": {"every": "1m"},
        "features": {"atr": {"use": "atr", "period": 3, "window": 4}, "ohlcv": {"use": "ohlcv", "window": 2}},
        "labels": {"way": {"use": "direction", "horizon": 2}},
        "split": {"by": "date", "validation_from": "2024-03-05", "test_from": "2024-03-07"},
    },
    "",
)


def bars(day: date) -> pl.DataFrame:
    """Ninety minutes before midnight of a random walk, so that labels reach over the border of days."""
    rng = np.random.default_rng(day.toordinal())
    opens = int(datetime(day.year, day.month, day.day, 22, 30, tzinfo=UTC).timestamp()) * 10**9 + MINUTE * np.arange(90)
    path = 100 + rng.normal(size=(90, 4)).cumsum(axis=0)
    price = {"open": path[:, 0], "high": path.max(axis=1), "low": path.min(axis=1), "close": path[:, 3]}
    traded = {name: rng.random(90) + 1 for name in ("volume", "mean_size", "max_size", "vwap")}
    columns = {"ts_open": opens, "ts_close": opens + MINUTE, **price, "trades": np.ones(90, np.int64), **traded}
    return pl.DataFrame(columns, schema_overrides={"ts_open": NS, "ts_close": NS})


def prove(lake: Lake) -> None:
    for use in PARAMS.features.values():
        feature_proof.prove_and_store(lake, use.bound)
    for use in PARAMS.labels.values():
        label_proof.prove_and_store(lake, use.bound)


def tables(lake: Lake, days: list[date]) -> None:
    for day in days:
        lake.table("bars", "1m").write("test:A", day, bars(day), inputs="hand")
    of = instrument("test:A")
    features.build(lake, "small", of, PARAMS.bars, PARAMS.features, days)
    labels.build(lake, "small", of, PARAMS.bars, PARAMS.labels, days)


def test_from_bars_to_windows(lake: Lake) -> None:
    prove(lake)
    tables(lake, DATES[:-1])
    first = build(lake, PARAMS)
    tables(lake, DATES[-1:])
    dataset = build(lake, PARAMS)
    assert dataset.digest != first.digest
    whole = pl.concat(lake.table("features", "small").read("test:A", day) for day in DATES)
    answers = pl.concat(lake.table("labels", "small").read("test:A", day) for day in DATES)
    close = pl.concat(map(bars, DATES))["close"].to_numpy()
    indices = dataset.indices("train")
    for window, row in zip(dataset.windows(indices, "ohlcv"), dataset.samples["row"].to_numpy()[indices], strict=True):
        expected = whole.select(dataset.features["ohlcv"]["columns"]).to_numpy()[row - 1 : row + 1]
        assert np.array_equal(window, expected.astype(np.float32))
        assert answers["way"][int(row)] == (close[row + 2] > close[row])
    fold = dataset.manifest["folds"][0]
    # The last bar's label ends with the next day's second bar, after that day's first sample; the one before ends with
    # the first bar, at the very moment of that sample, which is no overlap.
    assert fold["purged"] == {"train": 1, "validation": 1}
    assert dataset.manifest["rejected"]["null_label"] == 2  # nothing follows the last two bars
    assert dataset.classes == {"way": ["down", "up"]}


def test_a_script_without_proof_is_refused(lake: Lake) -> None:
    prove(lake)
    tables(lake, DATES)
    changed = PARAMS.model_copy(update={"labels": {"way": labels.LabelUse.parse({"use": "direction"}, "")}})
    with pytest.raises(Refused, match="direction"):
        build(lake, changed)
