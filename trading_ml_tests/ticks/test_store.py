"""`Ticks`: one sequence over daily files, and the time bars around any tick of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import trading_ml
from trading_ml.core.errors import BadInput, BadParams, OutOfRange, Unknown
from trading_ml.core.lake import Lake
from trading_ml.core.time import NS, SECOND, local_date
from trading_ml.ticks import Ticks
from trading_ml.ticks.days import Days
from trading_ml.ticks.neighbours import Neighbours
from trading_ml.ticks.recent import Recent

NAME = "bitflyer:BTC_JPY"  # its zone is Asia/Tokyo
TOKYO = ZoneInfo("Asia/Tokyo")
MINUTE = 60 * SECOND

Tick = dict[str, Any]
Write = Callable[..., list[Tick]]


def at(text: str) -> int:
    """Nanoseconds UTC of a wall-clock time in Tokyo."""
    return int(datetime.fromisoformat(text).replace(tzinfo=TOKYO).timestamp()) * SECOND


def tick(ns: int, price: float = 1.0, size: float = 1.0, excluded_by: str | None = None) -> Tick:
    return {"ns": ns, "price": price, "size": size, "excluded_by": excluded_by}


def write_ticks(
    lake: Lake, ticks: Sequence[Tick], name: str = NAME, zone: str = "Asia/Tokyo", **columns: Any
) -> list[Tick]:
    """Publish ticks by local date the way a merge does; returns them in tick order."""
    ticks = sorted(ticks, key=lambda tick: tick["ns"])
    frame = pl.DataFrame(
        {
            "ts_event": pl.Series([tick["ns"] for tick in ticks], dtype=pl.Int64).cast(NS),
            "price": pl.Series([tick["price"] for tick in ticks], dtype=pl.Float64),
            "size": pl.Series([tick["size"] for tick in ticks], dtype=pl.Float64),
            "seq": pl.Series(range(len(ticks)), dtype=pl.Int64),
            "excluded_by": pl.Series([tick["excluded_by"] for tick in ticks], dtype=pl.String),
            **columns,
        }
    )
    for (day,), rows in frame.group_by(local_date("ts_event", zone), maintain_order=True):
        assert isinstance(day, date)
        lake.table("ticks", "trades").write(name, day, rows, "by hand")
    return ticks


@pytest.fixture
def three_days(lake: Lake) -> Ticks:
    """Ten ticks at 09:00:00 … 09:00:09 of three days, the last after a gap; prices 0 … 29."""
    days = ("2024-03-01", "2024-03-02", "2024-03-05")
    stamps = [at(f"{day}T09:00:0{second}") for day in days for second in range(10)]
    write_ticks(lake, [tick(ns, price=float(i)) for i, ns in enumerate(stamps)])
    return Ticks.open(NAME, data=lake.root)


# The sequence.


def test_it_is_one_sequence_over_all_days(three_days: Ticks) -> None:
    assert len(three_days) == 30
    assert [three_days[i]["price"] for i in range(-30, 30)] == [float(i % 30) for i in range(60)]
    assert [row["price"] for row in three_days] == [float(i) for i in range(30)]  # pyright: ignore[reportGeneralTypeIssues]
    assert three_days[10]["ts_event"] == datetime(2024, 3, 2, 0, 0, tzinfo=UTC)
    assert repr(three_days) == "<Ticks bitflyer:BTC_JPY: 30 trades on 3 days>"
    assert trading_ml.Ticks is Ticks


@given(
    st.one_of(st.none(), st.integers(-35, 35)),
    st.one_of(st.none(), st.integers(-35, 35)),
    st.one_of(st.none(), st.integers(-7, 7).filter(bool)),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_slices_are_those_of_a_list(three_days: Ticks, start: int | None, stop: int | None, step: int | None) -> None:
    expected = [float(i) for i in range(30)][start:stop:step]
    assert three_days[start:stop:step]["price"].to_list() == expected


def test_a_dict_is_the_row_of_the_slice_and_the_slice_has_the_nanoseconds(lake: Lake) -> None:
    write_ticks(lake, [tick(at("2024-03-01T09:00:00") + 123_456_789)])
    ticks = Ticks.open("BTC_JPY", data=lake.root)
    assert ticks[0:1].row(0, named=True) == ticks[0]
    assert ticks[0:1]["ts_event"].to_physical().item() % SECOND == 123_456_789


def test_days_may_differ_in_optional_columns(lake: Lake) -> None:
    write_ticks(lake, [tick(at("2024-03-01T09:00:00"))])
    write_ticks(lake, [tick(at("2024-03-02T09:00:00"))], trade_id=["7"])
    assert Ticks.open(NAME, data=lake.root)[:]["trade_id"].to_list() == [None, "7"]


def test_a_day_longer_than_a_row_group_and_a_page(lake: Lake) -> None:
    midnight, n = at("2024-03-01T00:00:00"), 140_000
    write_ticks(lake, [tick(midnight + i, price=float(i)) for i in range(n)])
    ticks = Ticks.open(NAME, data=lake.root)
    for i in (0, 4095, 4096, 131_071, 131_072, n - 1):
        assert ticks[i]["price"] == i
    assert ticks[131_070:131_075]["price"].to_list() == [131_070.0, 131_071.0, 131_072.0, 131_073.0, 131_074.0]


@pytest.mark.parametrize("index", [30, -31, 10**12])
def test_a_position_outside_says_so_and_is_an_index_error(three_days: Ticks, index: int) -> None:
    with pytest.raises(OutOfRange, match="30 ticks are known") as caught:
        three_days[index]
    assert isinstance(caught.value, IndexError)
    with pytest.raises(OutOfRange):
        three_days.get_bars(index, 1, "minute")


def test_the_first_tick_at_or_after_a_moment(three_days: Ticks) -> None:
    moments = {
        "2024-02-28T00:00:00": 0, "2024-03-01T09:00:00": 0, "2024-03-01T09:00:03": 3, "2024-03-01T23:00:00": 10,
        "2024-03-02T09:00:09": 19, "2024-03-03T12:00:00": 20, "2024-03-05T09:00:01": 21, "2024-03-06T00:00:00": 30,
        "2024-03-05T10:00:00": 30,
    }  # fmt: skip
    assert {moment: three_days.index_at(at(moment)) for moment in moments} == moments


def test_unknown_names_suggest_the_nearest(three_days: Ticks, lake: Lake) -> None:
    with pytest.raises(Unknown, match="did you mean 'bitflyer:BTC_JPY'"):
        Ticks.open("bitflyer:BTC_JPX", data=lake.root)
    with pytest.raises(Unknown, match="did you mean 'trades'"):
        Ticks.open(NAME, kind="trade", data=lake.root)
    with pytest.raises(Unknown, match="instrument"):
        Ticks.open(NAME, kind="quotes", data=lake.root)


def test_ticks_built_anew_are_not_mixed_with_those_that_were_opened(three_days: Ticks, lake: Lake) -> None:
    write_ticks(lake, [tick(at("2024-03-02T09:00:00"), price=99.0)])
    assert three_days[0]["price"] == 0.0
    with pytest.raises(BadInput, match="on 2024-03-02: changed since they were opened; open again"):
        three_days[10]
    assert Ticks.open(NAME, data=lake.root)[10]["price"] == 99.0


# Bars around a tick.


@pytest.fixture
def nine_minutes(lake: Lake) -> Ticks:
    """Two ticks in each of nine minutes, over a midnight and with a minute missing (09:02); closes 1, 3, 5 …"""
    clocks = ["T23:56", "T23:57", "T23:59"], ["T00:00", "T09:01", "T09:03", "T09:04", "T09:05", "T09:06"]
    minutes = [at(f"2024-03-01{clock}:00") for clock in clocks[0]] + [
        at(f"2024-03-02{clock}:00") for clock in clocks[1]
    ]
    stamps = [ns + offset for ns in minutes for offset in (0, MINUTE - 1)]
    write_ticks(lake, [tick(ns, price=float(i), size=float(i + 1)) for i, ns in enumerate(stamps)])
    return Ticks.open(NAME, data=lake.root)


@pytest.mark.parametrize("index", [8, 9])  # both ticks of k = 4, the minute 09:01
@pytest.mark.parametrize(
    ("future", "prevent", "bars"),
    [(False, True, [1, 2, 3]), (True, True, [5, 6, 7]), (False, False, [2, 3, 4]), (True, False, [4, 5, 6])],
)
def test_the_four_rows_of_the_reference_table(
    nine_minutes: Ticks, index: int, future: bool, prevent: bool, bars: list[int]
) -> None:
    got = nine_minutes.get_bars(index, 3, "minute", future=future, prevent_lookahead_bias=prevent)
    # bar b holds ticks 2b and 2b + 1, whose prices are their positions and whose sizes are one more
    expected = [[2 * b, 2 * b + 1, 2 * b, 2 * b + 1, 2, 4 * b + 3, (4 * b + 3) / 2, 2 * b + 2] for b in bars]
    assert got.tolist() == expected


def test_fewer_bars_come_back_where_the_ticks_end(nine_minutes: Ticks) -> None:
    def closes(index: int, future: bool, prevent: bool) -> list[float]:
        return nine_minutes.get_bars(index, 100, "minute", 1, future, prevent)[:, 3].tolist()

    assert closes(0, False, True) == []
    assert closes(0, False, False) == [1.0]
    assert closes(4, False, True) == [1.0, 3.0]
    assert closes(-1, True, True) == []
    assert closes(-1, True, False) == [17.0]
    assert closes(0, True, False) == [2.0 * b + 1 for b in range(9)]
    assert nine_minutes.get_bars(0, 5, "minute").shape == (0, 8)


def test_what_is_returned_belongs_to_the_caller(nine_minutes: Ticks) -> None:
    first = nine_minutes.get_bars(9, 3, "minute")
    first[:] = 0.0
    assert nine_minutes.get_bars(9, 3, "minute").min() > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1, "week"), "unit"), ((0, 1, "minutes"), "did you mean 'minute'"), ((0, 0, "minute"), "count 0"),
        ((0, 1, "minute", 0), "0minute"), ((0, 1, "day", -2), "-2day"),
    ],
)  # fmt: skip
def test_bad_questions_are_refused(nine_minutes: Ticks, arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises((BadParams, Unknown), match=message):
        nine_minutes.get_bars(*arguments)


def test_an_excluded_tick_enters_no_bar_and_asks_by_its_interval(lake: Lake) -> None:
    minutes = [at(f"2024-03-01T09:0{m}:00") for m in range(5)]
    write_ticks(
        lake,
        [
            tick(minutes[0], 10.0), tick(minutes[1], 99.0, excluded_by="off_market"),  # a minute with no usable tick
            tick(minutes[2], 20.0), tick(minutes[2] + 1, 98.0, excluded_by="off_market"), tick(minutes[4], 30.0),
        ],
    )  # fmt: skip
    ticks = Ticks.open(NAME, data=lake.root)

    def closes(index: int, future: bool, prevent: bool) -> list[float]:
        return ticks.get_bars(index, 9, "minute", 1, future, prevent)[:, 3].tolist()

    assert len(ticks) == 5
    assert closes(3, False, True) == [10.0]  # excluded, but its minute has bar 20
    assert closes(3, False, False) == [10.0, 20.0]
    assert closes(3, True, True) == [30.0]
    assert closes(3, True, False) == [20.0, 30.0]
    for prevent in (True, False):  # its minute has no bar
        assert closes(1, False, prevent) == [10.0]
        assert closes(1, True, prevent) == [20.0, 30.0]


GAPS = st.one_of(st.just(0), st.integers(1, 5 * SECOND), st.integers(1, 20).map(lambda m: m * MINUTE))
HOURS = st.sampled_from([0, 6 * 3600 * SECOND, 30 * 3600 * SECOND])


@st.composite
def random_ticks(draw: st.DrawFn) -> list[Tick]:
    """Ticks with ties, stamps exactly on minutes, empty days and excluded ticks, from 23:30 on."""
    gaps = draw(st.lists(st.one_of(GAPS, HOURS), min_size=1, max_size=40))
    ns, ticks = at("2024-03-01T23:30:00"), []
    for i, gap in enumerate(gaps):
        ns = (ns + gap) // MINUTE * MINUTE if gap >= MINUTE else ns + gap
        size = draw(st.sampled_from([0.0, 0.1, 0.2, 0.7, 3.0]))
        excluded = draw(st.sampled_from([None, None, None, "off_market"]))
        ticks.append(tick(ns, price=100 + (i * 7 % 11) / 10, size=size, excluded_by=excluded))
    return ticks


def interval_of(ns: int, unit: str, size: int) -> tuple[int, ...]:
    """The interval that holds a moment in Tokyo, whose days all have 24 hours."""
    day, clock = divmod(ns + 9 * 3600 * SECOND, 86_400 * SECOND)
    if unit == "day":
        return ((day + date(1970, 1, 1).toordinal()) // size,)
    return day, clock // ({"second": 1, "minute": 60, "hour": 3600}[unit] * size * SECOND)


def expected_bars(
    ticks: list[Tick], index: int, n: int, unit: str, size: int, future: bool, prevent: bool
) -> list[Any]:
    """The reference table said with lists and dicts, over the usable ticks of all days."""
    usable = [tick for tick in ticks if tick["excluded_by"] is None]
    bars = []
    for key, group in groupby(usable, key=lambda tick: interval_of(tick["ns"], unit, size)):
        rows = list(group)
        prices, sizes = [tick["price"] for tick in rows], [tick["size"] for tick in rows]
        volume = 0.0
        for one in sizes:
            volume += one
        summary = [prices[0], max(prices), min(prices), prices[-1], len(rows), volume, volume / len(rows), max(sizes)]
        bars.append((key, summary))
    own = interval_of(ticks[index]["ns"], unit, size)
    if future:
        return [bar for key, bar in bars if key > own or (key == own and not prevent)][:n]
    return [bar for key, bar in bars if key < own or (key == own and not prevent)][-n:]


@given(
    random_ticks(),
    st.sampled_from([("second", 1), ("second", 7), ("minute", 1), ("minute", 7), ("hour", 1), ("hour", 5),
                     ("hour", 10**9), ("day", 1), ("day", 2), ("day", 3), ("day", 10**9)]),
    st.integers(1, 5), st.booleans(), st.booleans(), st.data(),
)  # fmt: skip
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bars_around_any_tick_equal_plain_python(
    tmp_path_factory: pytest.TempPathFactory, ticks: list[Tick], grid: tuple[str, int], n: int, future: bool,
    prevent: bool, data: st.DataObject,
) -> None:  # fmt: skip
    lake = Lake(tmp_path_factory.mktemp("lake"))
    opened = Ticks.open(NAME, data=write_ticks(lake, ticks) and lake.root)
    index = data.draw(st.integers(0, len(ticks) - 1))
    expected = expected_bars(ticks, index, n, *grid, future, prevent)
    assert opened.get_bars(index, n, *grid, future, prevent).tolist() == expected


def test_day_bars_follow_the_local_calendar_when_clocks_change(lake: Lake) -> None:
    name, zone = "lseg:TRI.N", "America/New_York"
    hours = [datetime(2024, 11, 2, 4, tzinfo=UTC) + timedelta(hours=h) for h in range(24 + 25 + 24)]
    write_ticks(lake, [tick(int(hour.timestamp()) * SECOND) for hour in hours], name, zone)
    ticks = Ticks.open(name, data=lake.root)
    trades = lambda *grid: ticks.get_bars(0, 99, *grid, future=True, prevent_lookahead_bias=False)[:, 4].tolist()
    assert trades("day") == [24, 25, 24]
    assert trades("hour", 4) == [4] * 6 + [4] * 6 + [1] + [4] * 6
    assert trades("hour", 24) == [24, 24, 1, 24]


def test_only_the_days_that_are_needed_are_read(three_days: Ticks, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[date] = []
    verified = Days.verified
    monkeypatch.setattr(Days, "verified", lambda self, number: read.append(verified(self, number)) or read[-1])
    three_days.get_bars(15, 1, "second")
    three_days.get_bars(16, 2, "second")
    assert read == [date(2024, 3, 2)]
    three_days.get_bars(10, 1, "second")
    assert read == [date(2024, 3, 2), date(2024, 3, 1)]


def test_bars_of_quotes_are_on_the_mid(lake: Lake) -> None:
    frame = pl.DataFrame(
        {
            "ts_event": pl.Series([at("2024-03-01T09:00:00") + i for i in range(3)]).cast(NS),
            "bid": [10.0, None, 11.0], "bid_size": [1.0, 1.0, None],
            "ask": [12.0, 13.0, 12.0], "ask_size": [4.0, 1.0, 3.0],
            "excluded_by": pl.Series([None] * 3, dtype=pl.String),
        }
    )  # fmt: skip
    lake.table("ticks", "quotes").write(NAME, date(2024, 3, 1), frame, "by hand")
    quotes = Ticks.open(NAME, kind="quotes", data=lake.root)
    bar = quotes.get_bars(1, 1, "minute", prevent_lookahead_bias=False)
    assert bar.tolist() == [[11.0, 11.5, 11.0, 11.5, 2.0, 4.0, 2.0, 2.5]]


# What is remembered.


def test_the_least_recently_used_leave_first() -> None:
    recent: Recent[bytes] = Recent(10, len)
    made: list[str] = []
    for key, size in [("a", 4), ("b", 4), ("a", 4), ("c", 4), ("a", 4), ("b", 4), ("big", 50), ("a", 4)]:
        recent.get(key, lambda key=key, size=size: made.append(key) or bytes(size))
    assert made == ["a", "b", "c", "b", "big", "a"]


def test_blocks_weigh_what_their_arrays_do(three_days: Ticks) -> None:
    kept: list[int] = []
    days = Days(Lake(three_days._days.table.lake.root).table("ticks", "trades"), three_days.instrument)
    memory = Recent(1, lambda block: kept.append(block.nbytes) or block.nbytes)
    Neighbours(days, "second", 1, memory).before(5, 1, own=False)
    assert kept[0] == 10 * 8 + 11 * 8 + 10 * 8 * 8
    assert np.prod(three_days.get_bars(5, 2, "second").shape) == 16
