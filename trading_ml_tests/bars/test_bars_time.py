"""Time bars against plain Python: edges, ties, clock changes, empty intervals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.bars import BarParams
from trading_ml.bars.table import day_bars
from trading_ml.core.time import SECOND

NEW_YORK = "America/New_York"
DAYS = {"plain": date(2024, 1, 10), "23 hours": date(2024, 3, 10), "25 hours": date(2024, 11, 3)}
UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}

Tick = dict[str, Any]
Frame = Callable[[list[Tick]], pl.DataFrame]


def midnights(day: date, zone: str) -> tuple[int, int]:
    """The local midnights around a day, from Python's own clock."""
    local = ZoneInfo(zone)
    start = datetime(day.year, day.month, day.day, tzinfo=local).timestamp()
    end = datetime(day.year, day.month, day.day + 1, tzinfo=local).timestamp()
    return int(start) * SECOND, int(end) * SECOND


def plain_bars(ticks: list[Tick], every: str, day: date, zone: str) -> list[dict[str, Any]]:
    """Bars by one loop and one dict."""
    start, end = midnights(day, zone)
    count, unit = int(every.rstrip("msh")), every.lstrip("0123456789")
    length = count * UNITS[unit]
    bars: dict[int, dict[str, Any]] = {}
    for tick in ticks:
        number = (tick["ns"] - start) // length
        bar = bars.setdefault(
            number,
            {"ts_open": start + number * length, "ts_close": min(start + (number + 1) * length, end),
             "open": tick["price"], "high": tick["price"], "low": tick["price"], "trades": 0, "volume": 0.0,
             "max_size": 0.0, "turnover": 0.0, "total": 0.0},
        )  # fmt: skip
        bar["high"], bar["low"] = max(bar["high"], tick["price"]), min(bar["low"], tick["price"])
        bar["close"], bar["max_size"] = tick["price"], max(bar["max_size"], tick["size"])
        bar["trades"] += 1
        bar["volume"] += tick["size"]
        bar["turnover"] += tick["price"] * tick["size"]
        bar["total"] += tick["price"]
    for bar in bars.values():
        turnover, total = bar.pop("turnover"), bar.pop("total")
        bar["mean_size"] = bar["volume"] / bar["trades"]
        bar["vwap"] = turnover / bar["volume"] if bar["volume"] else total / bar["trades"]
    return list(bars.values())


def dicts(bars: pl.DataFrame) -> list[dict[str, Any]]:
    return bars.with_columns(pl.col("ts_open", "ts_close").to_physical()).to_dicts()


LONG = ("7s", "1m", "5m", "7m", "1h", "4h", "24h")


@st.composite
def day_of_ticks(
    draw: st.DrawFn, lengths: tuple[str, ...] = ("1ms", "250ms", "1s", *LONG)
) -> tuple[list[Tick], str, date]:
    """A day's ticks for a bar length: ties, stamps exactly on edges and one nanosecond before them."""
    day = draw(st.sampled_from(list(DAYS.values())))
    every = draw(st.sampled_from(lengths))
    start, end = midnights(day, NEW_YORK)
    length = int(every.rstrip("msh")) * UNITS[every.lstrip("0123456789")]
    edges = st.integers(0, (end - start - 1) // length).map(lambda n: start + n * length)
    stamps = st.one_of(st.integers(start, end - 1), edges, edges.map(lambda ns: max(ns - 1, start)), st.just(end - 1))
    times = sorted(ns for ns, repeated in draw(st.lists(st.tuples(stamps, st.integers(1, 3)))) for _ in range(repeated))
    prices = st.one_of(st.integers(9_900, 10_100).map(lambda cents: cents / 100), st.floats(-50, 50))
    sizes = st.sampled_from([0.0, 0.1, 0.2, 0.3, 100.0])
    return [{"ns": ns, "price": draw(prices), "size": draw(sizes)} for ns in times], every, day


@given(day_of_ticks())
def test_time_bars_equal_a_plain_loop(frame: Frame, drawn: tuple[list[Tick], str, date]) -> None:
    ticks, every, day = drawn
    assert dicts(day_bars(frame(ticks), BarParams(every=every), day, NEW_YORK)) == plain_bars(
        ticks, every, day, NEW_YORK
    )


@given(day_of_ticks())
def test_bars_never_mix_ticks_across_their_close(frame: Frame, drawn: tuple[list[Tick], str, date]) -> None:
    ticks, every, day = drawn
    bars = dicts(day_bars(frame(ticks), BarParams(every=every), day, NEW_YORK))
    assert [sum(bar["ts_open"] <= tick["ns"] < bar["ts_close"] for tick in ticks) for bar in bars] == [
        bar["trades"] for bar in bars
    ]
    assert sum(bar["trades"] for bar in bars) == len(ticks)
    assert all(a["ts_close"] <= b["ts_open"] for a, b in pairwise(bars))


@pytest.mark.parametrize(
    ("day", "every", "count", "last_hours"),
    [
        ("plain", "1h", 24, 1), ("23 hours", "1h", 23, 1), ("25 hours", "1h", 25, 1),
        ("plain", "4h", 6, 4), ("23 hours", "4h", 6, 3), ("25 hours", "4h", 7, 1),
        ("plain", "1d", 1, 24), ("23 hours", "1d", 1, 23), ("25 hours", "1d", 1, 25),
    ],
)  # fmt: skip
def test_bars_of_a_day_on_which_clocks_change(frame: Frame, day: str, every: str, count: int, last_hours: int) -> None:
    start, end = midnights(DAYS[day], NEW_YORK)
    ticks = [{"ns": ns, "price": 1.0, "size": 1.0} for ns in range(start, end, 1800 * SECOND)]
    bars = dicts(day_bars(frame(ticks), BarParams(every=every), DAYS[day], NEW_YORK))
    assert len(bars) == count
    assert [bars[0]["ts_open"], bars[-1]["ts_close"]] == [start, end]
    assert bars[-1]["ts_close"] - bars[-1]["ts_open"] == last_hours * 3600 * SECOND
    assert bars[-1]["trades"] == last_hours * 2
    assert all(a["ts_close"] == b["ts_open"] for a, b in pairwise(bars))


def test_columns_and_types_even_of_no_bars(frame: Frame) -> None:
    names = ["ts_open", "ts_close", "open", "high", "low", "close", "trades", "volume", "mean_size", "max_size", "vwap"]
    some = [{"ns": midnights(DAYS["plain"], NEW_YORK)[0], "price": 1.0, "size": 1.0}]
    for params in ({"every": "1m"}, {"ticks": 5}, {"volume": 3.0}, {"every": "1m", "fill": True}):
        both = [day_bars(frame(ticks), BarParams.parse(params, ""), DAYS["plain"], NEW_YORK) for ticks in ([], some)]
        assert both[0].is_empty()
        assert both[0].schema == both[1].schema
        assert both[0].columns == names + ["filled"] * ("fill" in params)
        assert [both[0].schema[name] for name in ("ts_open", "trades", "vwap")] == [
            pl.Datetime("ns", "UTC"), pl.Int64, pl.Float64,
        ]  # fmt: skip


# Filled intervals.


def test_empty_intervals_carry_the_close_and_say_so(frame: Frame) -> None:
    start, _ = midnights(DAYS["plain"], NEW_YORK)
    minute = UNITS["m"]
    ticks = [
        {"ns": start + 5 * minute, "price": 10.0, "size": 2.0, "side": "buy"},
        {"ns": start + 5 * minute + 1, "price": 11.0, "size": 4.0, "side": "sell"},
        {"ns": start + 8 * minute, "price": 12.0, "size": 1.0, "side": "buy"},
    ]
    params = BarParams(every="1m", fill=True, statistics=("signed_volume", "buy_trades", "sell_trades"))
    bars = dicts(day_bars(frame(ticks), params, DAYS["plain"], NEW_YORK))
    assert [bar["ts_open"] for bar in bars] == [start + n * minute for n in (5, 6, 7, 8)]
    assert [bar["filled"] for bar in bars] == [False, True, True, False]
    assert bars[0] == {
        "ts_open": start + 5 * minute, "ts_close": start + 6 * minute, "open": 10.0, "high": 11.0, "low": 10.0,
        "close": 11.0, "trades": 2, "volume": 6.0, "mean_size": 3.0, "max_size": 4.0, "vwap": (20.0 + 44.0) / 6.0,
        "signed_volume": -2.0, "buy_trades": 1.0, "sell_trades": 1.0, "filled": False,
    }  # fmt: skip
    assert bars[2] == {
        "ts_open": start + 7 * minute, "ts_close": start + 8 * minute, "open": 11.0, "high": 11.0, "low": 11.0,
        "close": 11.0, "trades": 0, "volume": 0.0, "mean_size": 0.0, "max_size": 0.0, "vwap": 11.0,
        "signed_volume": 0.0, "buy_trades": 0.0, "sell_trades": 0.0, "filled": True,
    }  # fmt: skip


@given(day_of_ticks(LONG))
def test_filling_only_adds_intervals_between_the_first_and_the_last(
    frame: Frame, drawn: tuple[list[Tick], str, date]
) -> None:
    ticks, every, day = drawn
    bars = day_bars(frame(ticks), BarParams(every=every), day, NEW_YORK)
    filled = day_bars(frame(ticks), BarParams(every=every, fill=True), day, NEW_YORK)
    assert filled.filter(~pl.col("filled")).drop("filled").equals(bars)
    times = dicts(filled)
    assert all(a["ts_close"] == b["ts_open"] for a, b in pairwise(times))
    assert [times[i][key] for i, key in ((0, "ts_open"), (-1, "ts_close")) if times] == [
        dicts(bars)[i][key] for i, key in ((0, "ts_open"), (-1, "ts_close")) if times
    ]


# Quotes.


def test_bars_of_quotes_are_on_the_mid_with_the_last_bid_and_ask() -> None:
    start, _ = midnights(DAYS["plain"], NEW_YORK)
    minute = UNITS["m"]
    quotes = pl.DataFrame(
        {
            "ts_event": pl.Series([start, start + 1, start + 2 * minute]).cast(pl.Datetime("ns", "UTC")),
            "bid": [10.0, 10.5, 11.0], "ask": [11.0, 10.5, 12.0], "price": [10.5, 10.5, 11.5], "size": [2.0, 1.0, 5.0],
        }
    )  # fmt: skip
    bars = dicts(day_bars(quotes, BarParams(every="1m", kind="quotes", fill=True), DAYS["plain"], NEW_YORK))
    assert [[bar[c] for c in ("open", "close", "trades", "volume", "bid", "ask", "filled")] for bar in bars] == [
        [10.5, 10.5, 2, 3.0, 10.5, 10.5, False],
        [10.5, 10.5, 0, 0.0, 10.5, 10.5, True],
        [11.5, 11.5, 1, 5.0, 11.0, 12.0, False],
    ]
