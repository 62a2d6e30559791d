"""Tick, volume and dollar bars against plain Python."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.bars import BarParams
from trading_ml.bars.table import day_bars
from trading_ml.core.time import SECOND

DAY = date(2024, 1, 10)
START = int(datetime(2024, 1, 10, tzinfo=UTC).timestamp()) * SECOND
MIDNIGHT = START + 86_400 * SECOND

Tick = dict[str, Any]
Frame = Callable[[list[Tick]], pl.DataFrame]
WEIGHTS: dict[str, Callable[[Tick], float]] = {
    "ticks": lambda tick: 1,
    "volume": lambda tick: tick["size"],
    "dollar": lambda tick: abs(tick["price"]) * tick["size"],
}


def plain_ranges(ticks: list[Tick], rule: str, threshold: float) -> list[tuple[list[Tick], int]]:
    """The ticks of each bar and its close: its last tick's stamp, or midnight where the threshold was not reached."""
    bars: list[tuple[list[Tick], int]] = []
    current: list[Tick] = []
    reached = 0.0
    for tick in ticks:
        current.append(tick)
        reached += WEIGHTS[rule](tick)
        if reached >= threshold:
            bars.append((current, tick["ns"]))
            current, reached = [], 0.0
    return [*bars, (current, MIDNIGHT)] if current else bars


TICKS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(-200, 200), st.sampled_from([0.0, 0.1, 0.2, 1.0, 30.0])), max_size=60
).map(
    lambda rows: [
        {"ns": START + step * SECOND, "price": cents / 100, "size": size} for step, cents, size in sorted(rows)
    ]
)


@given(TICKS, st.sampled_from(list(WEIGHTS)), st.sampled_from([1, 2, 3, 7, 50]))
def test_bars_close_with_the_tick_that_reaches_the_threshold(
    frame: Frame, ticks: list[Tick], rule: str, threshold: int
) -> None:
    bars = day_bars(frame(ticks), BarParams.parse({rule: threshold}, ""), DAY, "UTC")
    expected = plain_ranges(ticks, rule, threshold)
    assert bars["ts_open"].to_physical().to_list() == [rows[0]["ns"] for rows, _ in expected]
    assert bars["ts_close"].to_physical().to_list() == [close for _, close in expected]
    assert bars["trades"].to_list() == [len(rows) for rows, _ in expected]
    assert bars["open"].to_list() == [rows[0]["price"] for rows, _ in expected]
    assert bars["close"].to_list() == [rows[-1]["price"] for rows, _ in expected]
    assert bars["high"].to_list() == [max(tick["price"] for tick in rows) for rows, _ in expected]
    for volume, (rows, _) in zip(bars["volume"], expected, strict=True):
        total = 0.0
        for tick in rows:
            total += tick["size"]
        assert volume == total


def test_ties_are_divided_by_tick_order_and_the_rest_waits_for_midnight(frame: Frame) -> None:
    ticks = [{"ns": START + 7, "price": float(i), "size": 1.0} for i in range(5)]
    bars = day_bars(frame(ticks), BarParams(ticks=2), DAY, "UTC")
    assert bars["open"].to_list() == [0.0, 2.0, 4.0]
    assert bars["ts_open"].to_physical().to_list() == [START + 7] * 3
    assert bars["ts_close"].to_physical().to_list() == [START + 7, START + 7, MIDNIGHT]


def test_what_exceeds_the_threshold_is_not_carried_over(frame: Frame) -> None:
    ticks = [{"ns": START + i, "price": 1.0, "size": size} for i, size in enumerate([250.0, 60.0, 60.0, 10.0])]
    bars = day_bars(frame(ticks), BarParams(volume=100), DAY, "UTC")
    assert bars["volume"].to_list() == [250.0, 120.0, 10.0]


def test_statistics_of_a_bar_are_over_its_own_ticks(frame: Frame) -> None:
    sides = ["buy", "sell", None, "buy", "buy"]
    ticks = [{"ns": START + i, "price": 1.0, "size": 10.0**i, "side": side} for i, side in enumerate(sides)]
    bars = day_bars(frame(ticks), BarParams(ticks=3, statistics=("signed_volume", "sell_trades")), DAY, "UTC")
    assert bars["signed_volume"].to_list() == [-9.0, 11_000.0]
    assert bars["sell_trades"].to_list() == [1.0, 0.0]
