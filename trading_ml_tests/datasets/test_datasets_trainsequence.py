"""Windows and labels against epython's TrainSequence, by its formula in plain NumPy on three days of real quotes.

X = (mid − min) / (max − min) over the last 1440 rows, this one included; y = 1 where the position is 0.001 or more.
"""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from trading_ml.core.script import load
from trading_ml.core.time import NS
from trading_ml.datasets import Dataset, build
from trading_ml_tests.datasets.conftest import Tables

LOOKBACK, HORIZON, FIRST = 1440, 300, 3
DAYS = (date(2018, 1, 21), date(2018, 1, 22), date(2018, 1, 23))
PARTS = {"by": "ratios", "train": 0.5, "validation": 0.25}


def quotes(market_data: Path) -> pl.DataFrame:
    """Minutes of the three days, with bid and ask; no stamp twice."""
    files = sorted((market_data / "bitflyer_btcjpy_ticks").glob("bitflyer.ticker.*.csv.gz"))
    rows = pl.concat(pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema=False) for path in files)
    stamp = pl.col("loaded").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_zone="UTC").cast(NS)
    read = rows.select(ts_close=stamp, bid=pl.col("best_bid").cast(float, strict=False),
                       ask=pl.col("best_ask").cast(float, strict=False))  # fmt: skip
    return read.drop_nulls().unique("ts_close").sort("ts_close").with_columns(close=(pl.col("bid") + pl.col("ask")) / 2)


def built(tables: Tables, rows: pl.DataFrame) -> Dataset:
    """The dataset of these rows: the project's own scripts, evaluated on them, day by day in its tables."""
    params = tables.params(
        instruments=["bitflyer:BTC_JPY"], split=PARTS,
        bars={"every": "1m", "kind": "quotes"},
        features={"mid": {"use": "mid", "window": LOOKBACK}},
        labels={"long": {"use": "optimal_position", "carry": 10_000, "answer": "long"}},
    )  # fmt: skip
    answers = load("optimal_position", "label").bind({"carry": 10_000, "answer": "long"}).evaluate(rows)
    features = rows.select("ts_close", mid=load("mid", "feature").bind({}).evaluate(rows).to_series())
    features = features.with_columns(ts_open=pl.col("ts_close") - pl.duration(minutes=1))
    labels = rows.select("ts_close", long=answers["position"]).with_columns(
        answers["label_end"].alias("long.label_end")
    )
    place = rows["ts_close"].dt.convert_time_zone("Asia/Tokyo").dt.date()
    for day in DAYS:
        tables.put(params, "bitflyer:BTC_JPY", day, features.filter(place == day), labels.filter(place == day))
    return build(tables.lake, params)


def positions(bid: list[float], ask: list[float]) -> list[float]:
    """The original's rule; the last `HORIZON` rows are dropped."""
    mid, found, position = [(b + a) / 2 for b, a in zip(bid, ask, strict=True)], [], 0.0
    for t in range(len(mid) - HORIZON):
        future = mid[t + FIRST : t + HORIZON + 1]
        position = -1.0 if bid[t] > max(future) else 1.0 if ask[t] < min(future) else position
        found.append(position)
    return found


def test_windows_and_labels_are_those_of_train_sequence(tables: Tables, market_data: Path) -> None:
    from trading_ml.models import runtime

    runtime.start()
    from trading_ml.models.layers.minmax import MinMax

    rows = quotes(market_data)
    dataset, mid = built(tables, rows), rows["close"].to_numpy()
    position = np.array(positions(rows["bid"].to_list(), rows["ask"].to_list()))
    ends = np.arange(LOOKBACK - 1, len(position))
    shown = np.stack([mid[end - LOOKBACK + 1 : end + 1] for end in ends])
    low, high = shown.min(axis=1, keepdims=True), shown.max(axis=1, keepdims=True)
    assert (high > low).all()

    every = np.arange(dataset.samples.height)
    assert len(every) == len(ends) > 2000
    ours = np.asarray(MinMax()(dataset.windows(every, "mid")))[:, :, 0]
    np.testing.assert_allclose(ours, (shown - low) / (high - low), rtol=0, atol=2e-7)
    assert dataset.labels(every, "long").tolist() == (position[ends] >= 0.001).astype(int).tolist()
    assert 0 < dataset.labels(every, "long").mean() < 1

    flat = np.asarray(MinMax()(np.full((1, LOOKBACK, 1), 1e6, np.float32)))
    assert not flat.any()
    train = dataset.indices("train")
    batches = [len(labels["long"]) for _, labels in dataset.batches("train", 32)]
    assert sum(batches) == len(train)
    assert set(batches[:-1]) == {32}
