"""Real bars on which every feature and label must pass its proof."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from trading_ml.core.time import NS


@pytest.fixture(scope="session")
def real_bars(market_data: Path) -> pl.DataFrame:
    """Minute bars of Bitfinex BTCUSD in April 2013: minutes missing, long ties, a print at a sixth of a percent.

    These candles tell neither sides nor quotes: such statistics are made from where a candle closed in its range.
    """
    path = market_data / "bitfinex_1m" / "BTCUSD_1m_2013.csv.gz"
    names = ["stamp", "open", "close", "high", "low", "volume"]
    with gzip.open(path) as file:
        candles = pl.read_csv(file.read(), has_header=False, new_columns=names, n_rows=8_000, infer_schema_length=None)
    opens = (pl.col("stamp") * 1_000_000).cast(NS)
    volume = pl.col("volume").cast(pl.Float64)
    bars = candles.select(
        opens.alias("ts_open"), opens.dt.offset_by("1m").alias("ts_close"),
        pl.col("open", "high", "low", "close").cast(pl.Float64), pl.lit(1).alias("trades"), volume,
        volume.alias("mean_size"), volume.alias("max_size"), pl.col("close").cast(pl.Float64).alias("vwap"),
    )  # fmt: skip
    high, low, close = (pl.col(name) for name in ("high", "low", "close"))
    half = 0.01 + (high - low) / 10
    side = pl.when(high > low).then((2 * close - high - low) / (high - low)).otherwise(0.0)
    return bars.with_columns(
        signed_volume=side * pl.col("volume"),
        bid=close - half,
        ask=close + half,
        mean_spread=2 * half,
        mid_open=pl.col("open"),
        day_high=high,
        day_low=low,
    )
