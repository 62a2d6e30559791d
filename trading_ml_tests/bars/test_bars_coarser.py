"""Bars from bars: the same as bars from ticks, where both exist."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.bars import BarParams, coarser
from trading_ml.bars.statistics import STATISTICS
from trading_ml.bars.table import day_bars
from trading_ml.core.errors import BadInput
from trading_ml.core.time import NS, SECOND

NEW_YORK = "America/New_York"
DAYS = (date(2024, 1, 10), date(2024, 3, 10), date(2024, 11, 3))  # of 24, 23 and 25 hours
LENGTHS = (("1m", "30m"), ("7m", "14m"), ("1h", "4h"), ("8h", "1d"), ("5h", "1d"), ("250ms", "1s"), ("1m", "1m"))
OF_TRADES = tuple(name for name, statistic in STATISTICS.items() if statistic.kind == "trades")
OF_QUOTES = tuple(name for name, statistic in STATISTICS.items() if statistic.kind == "quotes")
SUMS = ("volume", "mean_size", "vwap")

Frame = Callable[[list[dict[str, Any]]], pl.DataFrame]


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(NEW_YORK)).timestamp()) * SECOND


@st.composite
def day_of_ticks(draw: st.DrawFn) -> tuple[list[dict[str, Any]], date]:
    """Ticks in bunches, so that coarse bars hold several fine ones."""
    day = draw(st.sampled_from(DAYS))
    start, end = midnight(day), midnight(day + timedelta(days=1))
    bunch = st.tuples(st.integers(start, end - 1), st.lists(st.integers(0, 4000 * SECOND), min_size=1, max_size=8))
    stamps = {min(first + later, end - 1) for first, rest in draw(st.lists(bunch, max_size=8)) for later in rest}
    ticks = st.fixed_dictionaries(
        {
            "price": st.integers(-5_000, 20_000).map(lambda cents: cents / 100),
            "size": st.sampled_from([0.0, 0.0, 0.1, 0.3, 99.0, 100.0]),
            "side": st.sampled_from(["buy", "sell", None]),
        }
    )
    return [{"ns": ns, **draw(ticks)} for ns in sorted(stamps)], day


def assert_same(made: pl.DataFrame, expected: pl.DataFrame, scale: float) -> None:
    """Everything bit for bit but sums of floats, which were added in another order."""
    inexact = [name for name in expected.columns if name in SUMS or name in STATISTICS]
    assert made.drop(inexact).equals(expected.drop(inexact))
    assert made.schema == expected.schema
    for name in inexact:
        weighs = scale if name == "vwap" else 1.0  # prices of both signs cancel each other
        assert made[name].to_list() == pytest.approx(expected[name].to_list(), rel=1e-12, abs=1e-12 * weighs)


@given(day_of_ticks(), st.sampled_from(LENGTHS), st.booleans(), st.booleans())
def test_bars_from_bars_equal_bars_from_ticks(
    frame: Frame, drawn: tuple[list[dict[str, Any]], date], lengths: tuple[str, str], filled: bool, narrow: bool
) -> None:
    ticks, day = drawn
    finer, every = lengths
    statistics = () if narrow else OF_TRADES
    fine = day_bars(
        frame(ticks), BarParams(every=finer, fill=filled and finer != "250ms", statistics=statistics), day, NEW_YORK
    )
    expected = day_bars(frame(ticks), BarParams(every=every, statistics=statistics), day, NEW_YORK)
    assert_same(coarser(fine, every, NEW_YORK), expected, 1e4)


@given(
    st.lists(st.tuples(st.integers(0, 7200), st.integers(1, 500), st.integers(0, 50), st.integers(0, 3)), max_size=40)
)
def test_bars_of_quotes_keep_the_last_quote(rows: list[tuple[int, int, int, int]]) -> None:
    day, start = DAYS[0], midnight(DAYS[0])
    quotes = pl.DataFrame(
        [
            {"ts_event": start + at * SECOND, "bid": bid / 4, "ask": (bid + wide) / 4, "price": (2 * bid + wide) / 8,
             "size": float(size)}
            for at, bid, wide, size in sorted(rows)
        ],
        schema={"ts_event": pl.Int64, **dict.fromkeys(("bid", "ask", "price", "size"), pl.Float64)},
    ).cast({"ts_event": NS})  # fmt: skip
    quotes = quotes.with_columns(mid_open="price", high="ask", low="bid")
    fine, expected = (
        day_bars(quotes, BarParams(every=every, kind="quotes", statistics=OF_QUOTES), day, NEW_YORK)
        for every in ("1m", "30m")
    )
    assert_same(coarser(fine, "30m", NEW_YORK), expected, 1e3)


def test_bars_of_several_days_are_cut_at_each_midnight(frame: Frame) -> None:
    days = [date(2024, 3, 9), date(2024, 3, 10), date(2024, 3, 11)]

    def one(day: date, every: str) -> pl.DataFrame:
        stamps = range(midnight(day), midnight(day + timedelta(days=1)), 1800 * SECOND)
        ticks = frame([{"ns": ns, "price": 1.0, "size": 1.0} for ns in stamps])
        return day_bars(ticks, BarParams(every=every), day, NEW_YORK)

    fine, expected = (pl.concat(one(day, every) for day in days) for every in ("1h", "4h"))
    made = coarser(fine, "4h", NEW_YORK)
    assert made.equals(expected)
    assert made["trades"].to_list() == [8] * 6 + [8] * 5 + [6] + [8] * 6


@pytest.mark.parametrize(("finer", "every"), [("7m", "30m"), ("20m", "30m"), ("1h", "30m"), ("1d", "1h")])
@pytest.mark.parametrize("hour", [0, 3])
def test_a_length_that_does_not_divide_is_refused_even_on_a_sparse_day(
    frame: Frame, finer: str, every: str, hour: int
) -> None:
    tick = {"ns": midnight(DAYS[0]) + hour * 3600 * SECOND, "price": 1.0, "size": 1.0}
    fine = day_bars(frame([tick]), BarParams(every=finer), DAYS[0], NEW_YORK)
    with pytest.raises(
        BadInput, match=f"is no whole part of one bar of {every} in America/New_York; choose a multiple"
    ):
        coarser(fine, every, NEW_YORK)


def test_bars_off_the_grid_are_refused(frame: Frame) -> None:
    tick = {"ns": midnight(DAYS[0]) + 4 * 3600 * SECOND, "price": 1.0, "size": 1.0}
    hours = day_bars(frame([tick]), BarParams(every="1h"), DAYS[0], NEW_YORK)
    with pytest.raises(BadInput, match="no whole part of one bar of 1h in Asia/Kolkata"):
        coarser(hours, "1h", "Asia/Kolkata")


def test_what_one_bar_does_not_tell_the_coarser_one_does_not_either(frame: Frame) -> None:
    ticks = [{"ns": midnight(DAYS[0]) + n * 60 * SECOND, "price": 1.0 + n, "size": 2.0} for n in range(4)]
    fine = day_bars(frame(ticks), BarParams(every="1m"), DAYS[0], NEW_YORK)
    unknown = pl.int_range(pl.len()) == 1
    fine = fine.with_columns(
        pl.when(~unknown).then(name).alias(name) for name in ("trades", "volume", "vwap", "max_size")
    )
    made = coarser(fine, "2m", NEW_YORK).select("open", "close", "trades", "volume", "mean_size", "max_size", "vwap")
    assert made.rows() == [(1.0, 2.0, None, None, None, None, None), (3.0, 4.0, 2, 4.0, 2.0, 2.0, 3.5)]
