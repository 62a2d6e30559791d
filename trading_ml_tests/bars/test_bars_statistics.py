"""Bar statistics against plain loops."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.bars import BarParams
from trading_ml.bars.table import day_bars
from trading_ml.core.errors import BadParams
from trading_ml.core.time import NS, SECOND

DAY = date(1970, 1, 1)
Frame = Callable[[list[dict[str, Any]]], pl.DataFrame]
SIZES = st.sampled_from([1.0, 99.0, 99.5, 100.0, 700.0])
SIDES = st.sampled_from(["buy", "sell", None])
TRADES = st.lists(st.tuples(st.integers(0, 9), SIZES, SIDES), min_size=1, max_size=40).map(
    lambda rows: [
        {"ns": at * 20 * SECOND, "price": 1.0, "size": size, "side": side}
        for at, size, side in sorted(rows, key=lambda row: row[0])
    ]
)


def by_minute(ticks: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    minutes: dict[int, list[dict[str, Any]]] = {}
    for tick in ticks:
        minutes.setdefault(tick["ns"] // (60 * SECOND), []).append(tick)
    return list(minutes.values())


@given(TRADES)
def test_share_of_odd_lots(frame: Frame, ticks: list[dict[str, Any]]) -> None:
    bars = day_bars(frame(ticks), BarParams(every="1m", statistics=("odd_lot_share",)), DAY, "UTC")
    assert bars["odd_lot_share"].to_list() == [
        sum(tick["size"] < 100 for tick in minute) / len(minute) for minute in by_minute(ticks)
    ]


@given(TRADES)
def test_orders_are_runs_of_one_stamp_and_side(frame: Frame, ticks: list[dict[str, Any]]) -> None:
    bars = day_bars(frame(ticks), BarParams(every="1m", statistics=("order_count",)), DAY, "UTC")
    expected = []
    for minute in by_minute(ticks):
        orders, before = 0.0, None
        for tick in minute:
            orders += tick["side"] is None or (tick["ns"], tick["side"]) != before
            before = tick["ns"], tick["side"]
        expected.append(orders)
    assert bars["order_count"].to_list() == expected


def test_a_sweep_is_one_order(frame: Frame) -> None:
    sides = ["buy", "buy", "buy", "sell", "buy", None, None]
    ticks = [{"ns": 5, "price": 1.0 + n, "size": 1.0, "side": side} for n, side in enumerate(sides)]
    bars = day_bars(frame(ticks), BarParams(every="1m", statistics=("order_count",)), DAY, "UTC")
    assert bars["order_count"].to_list() == [5.0]


@pytest.fixture
def quotes() -> pl.DataFrame:
    """Three quotes in the first minute, one in the third."""
    stamps = pl.Series([0, 10, 20, 125]).cast(pl.Int64) * SECOND
    sides = {"bid": [10.0, 10.25, 10.0, 10.5], "ask": [10.5, 10.25, 11.0, 10.75]}
    return pl.DataFrame({"ts_event": stamps.cast(NS), **sides}).with_columns(
        price=(pl.col("bid") + pl.col("ask")) / 2, size=1.0
    )


def test_spreads_and_what_stands_in_an_empty_minute(quotes: pl.DataFrame) -> None:
    params = BarParams(every="1m", kind="quotes", fill=True, statistics=("mean_spread", "last_spread"))
    bars = day_bars(quotes, params, DAY, "UTC")
    assert bars["mean_spread"].to_list() == [0.5, 1.0, 0.25]
    assert bars["last_spread"].to_list() == [1.0, 1.0, 0.25]
    assert bars["filled"].to_list() == [False, True, False]


@pytest.mark.parametrize(
    ("kind", "statistic", "of"), [("quotes", "order_count", "trades"), ("trades", "last_spread", "quotes")]
)
def test_statistics_need_ticks_of_their_kind(kind: str, statistic: str, of: str) -> None:
    with pytest.raises(BadParams, match=f"statistic '{statistic}' is one of {of}, the bars are of {kind}"):
        BarParams.parse({"every": "1m", "kind": kind, "statistics": [statistic]}, "bars")
