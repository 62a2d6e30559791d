"""Ticks by hand for the bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import polars as pl
import pytest

from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Receipt
from trading_ml.core.time import NS

Frame = Callable[[Sequence[dict[str, Any]]], pl.DataFrame]


@pytest.fixture(scope="session")
def frame() -> Frame:
    """Ticks (dicts with `ns`, `price`, `size` and optionally more) as a frame of usable trades."""

    def build(ticks: Sequence[dict[str, Any]]) -> pl.DataFrame:
        columns = {"ns": pl.Int64, "price": pl.Float64, "size": pl.Float64, "side": pl.String, "excluded_by": pl.String}
        rows = pl.DataFrame([{**dict.fromkeys(columns), **tick} for tick in ticks], schema=columns)
        return rows.select(pl.col("ns").cast(NS).alias("ts_event"), pl.exclude("ns")).cast(
            {"side": pl.Enum(["buy", "sell"])}
        )

    return build


@pytest.fixture
def publish(lake: Lake, frame: Frame) -> Callable[..., Receipt]:
    """Publish one day's trades of an instrument."""

    def write(instrument: Instrument, day: date, ticks: Sequence[dict[str, Any]]) -> Receipt:
        return lake.table("ticks", "trades").write(instrument.name, day, frame(ticks), "by hand")

    return write
