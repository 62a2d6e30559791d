"""Bars that files tell, as a project's bars: the longest that fit, side by side with bars of ticks."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trading_ml.bars import BarParams, build, build_span, load, sources
from trading_ml.core.errors import BadInput, BadParams, NoData
from trading_ml.core.instruments import Instrument, instrument
from trading_ml.core.lake import Lake, Receipt
from trading_ml.core.time import NS, SECOND
from trading_ml.ticks import merge, uploads

COIN = Instrument(source="x", symbol="COIN")
DAY, NEXT = date(2024, 1, 10), date(2024, 1, 11)
MINUTE = 60 * SECOND
HALF_HOURS = BarParams(every="30m", source="files")

Tell = Callable[..., Receipt]


def ns(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND


@pytest.fixture
def tell(lake: Lake) -> Tell:
    """Publish (minute of the day, price, volume[, excluded_by]) as bars that a file tells, of so many minutes each."""

    def write(minutes: int, rows: Sequence[tuple], day: date = DAY, **more: Any) -> Receipt:
        opens = [ns(day) + row[0] * MINUTE for row in rows]
        columns = {"ts_event": opens, "ts_close": [at + minutes * MINUTE for at in opens]}
        prices = {name: [row[1] + shift for row in rows] for name, shift in
                  (("open", 0.0), ("high", 2.0), ("low", -1.0), ("close", 1.0))}  # fmt: skip
        marks = pl.Series([(*row, None)[3] for row in rows], dtype=pl.String)
        volume = pl.Series([row[2] for row in rows], dtype=pl.Float64)
        frame = pl.DataFrame({**columns, **prices, "volume": volume, **more, "excluded_by": marks, "quote_volume": 1.0})
        table = lake.table("ticks", "bars_1h" if minutes == 60 else f"bars_{minutes}m")
        cell = day.replace(day=1)  # a month of minutes and half hours; January's hours are the year's
        before = [table.read(COIN.name, cell)] if cell in table.dates(COIN.name) else []
        whole = pl.concat([*before, frame.cast({"ts_event": NS, "ts_close": NS})]).unique("ts_event", keep="last")
        return table.write(COIN.name, cell, whole.sort("ts_event"), "by hand")

    return write


def test_coarser_bars_of_a_file_with_finer_ones_alone(lake: Lake, tell: Tell) -> None:
    tell(1, [(0, 10.0, 1.0), (5, 20.0, 2.0), (6, 99.0, 9.0, "rejected"), (29, 5.0, 4.0), (30, 7.0, 8.0)])
    receipt = build(lake, COIN, HALF_HOURS, [DAY])[DAY]
    bars = load(lake, COIN, HALF_HOURS, ns(DAY), ns(NEXT))
    assert bars.schema == {
        "ts_open": NS, "ts_close": NS, "open": pl.Float64, "high": pl.Float64, "low": pl.Float64, "close": pl.Float64,
        "trades": pl.Int64, "volume": pl.Float64, "mean_size": pl.Float64, "max_size": pl.Float64, "vwap": pl.Float64,
    }  # fmt: skip
    assert bars.with_columns(pl.col("ts_open", "ts_close").to_physical() - ns(DAY)).rows() == [
        (0, 30 * MINUTE, 10.0, 22.0, 4.0, 6.0, None, 7.0, None, None, None),
        (30 * MINUTE, 60 * MINUTE, 7.0, 9.0, 6.0, 8.0, None, 8.0, None, None, None),
    ]
    assert receipt.facts == {"from": "bars_1m"}


def test_trades_and_vwap_where_they_are_told(lake: Lake, tell: Tell) -> None:
    rows = [(0, 10.0, 1.0), (5, 20.0, 3.0), (60, 30.0, 0.0), (65, 40.0, 0.0), (90, 50.0, 0.3)]
    tell(1, rows, trades=[2, 6, 1, 3, 7], vwap=[10.0, 14.0, 30.0, 42.0, 50.1])
    build(lake, COIN, HALF_HOURS, [DAY])
    bars = load(lake, COIN, HALF_HOURS, ns(DAY), ns(NEXT))
    # a half hour without any size weighs by trades; one bar alone keeps its vwap to the last bit
    assert bars["vwap"].to_list() == [13.0, 39.0, 50.1]
    assert bars["trades"].to_list() == [8, 4, 7]
    assert bars["mean_size"].to_list() == [0.5, 0.0, 0.3 / 7]


def test_a_day_is_made_from_its_longest_bars_that_fit(lake: Lake, tell: Tell) -> None:
    tell(1, [(0, 1.0, 1.0)])
    tell(60, [(0, 3.0, 1.0)])
    tell(1, [(0, 5.0, 1.0)], NEXT)
    assert build(lake, COIN, HALF_HOURS, [DAY, NEXT])[DAY].facts == {"from": "bars_1m"}
    tell(30, [(0, 2.0, 1.0)])
    again = build_span(lake, COIN, HALF_HOURS, DAY, date(2024, 2, 1))
    assert [receipt.facts["from"] for receipt in again.values()] == ["bars_30m", "bars_1m"]
    assert load(lake, COIN, HALF_HOURS, ns(DAY), ns(date(2024, 1, 12)))["open"].to_list() == [2.0, 5.0]


def test_only_what_changed_is_built_again_and_what_is_gone_goes(lake: Lake, tell: Tell) -> None:
    tell(1, [(0, 1.0, 1.0)])
    tell(1, [(0, 1.0, 1.0)], NEXT)
    first = build(lake, COIN, HALF_HOURS, [DAY, NEXT])
    assert build(lake, COIN, HALF_HOURS, [DAY, NEXT]) == first
    tell(1, [(0, 2.0, 1.0)], NEXT)
    again = build_span(lake, COIN, HALF_HOURS, DAY, date(2024, 2, 1))
    assert [again[day].digest == first[day].digest for day in (DAY, NEXT)] == [True, False]
    lake.table("ticks", "bars_1m").remove(COIN.name, DAY.replace(day=1))
    assert build_span(lake, COIN, HALF_HOURS, DAY, date(2024, 2, 1)) == {}
    with pytest.raises(NoData):
        load(lake, COIN, HALF_HOURS, ns(DAY), ns(NEXT))


def test_sources_know_every_instrument_and_day_of_theirs(lake: Lake, tell: Tell) -> None:
    tell(1, [(0, 1.0, 1.0)], NEXT)
    tell(30, [(0, 1.0, 1.0)])
    tell(60, [(0, 1.0, 1.0)], date(2024, 1, 12))
    found = sources(lake, HALF_HOURS)
    assert (found.instruments(), list(found.days(COIN))) == ([COIN.name], [DAY, NEXT])
    assert list(found.days(COIN, NEXT)) == [NEXT]
    assert sources(lake, BarParams(every="30m")).instruments() == []


def test_side_by_side_with_bars_of_ticks(lake: Lake, tell: Tell, publish: Callable[..., Receipt]) -> None:
    tell(30, [(0, 10.0, 1.0)])
    publish(COIN, DAY, [{"ns": ns(DAY), "price": 4.0, "size": 1.0}])
    opens = []
    for params in (HALF_HOURS, BarParams(every="30m")):
        build(lake, COIN, params, [DAY])
        opens += load(lake, COIN, params, ns(DAY), ns(NEXT))["open"].to_list()
    assert opens == [10.0, 4.0]


def test_empty_intervals_carry_the_close_and_what_is_unknown_stays_so(lake: Lake, tell: Tell) -> None:
    tell(30, [(0, 10.0, 1.0), (90, 20.0, 2.0)])
    params = BarParams(every="30m", source="files", fill=True)
    build(lake, COIN, params, [DAY])
    bars = load(lake, COIN, params, ns(DAY), ns(NEXT))
    assert bars.select("open", "close", "trades", "volume", "vwap", "filled").rows() == [
        (10.0, 11.0, None, 1.0, None, False), (11.0, 11.0, 0, 0.0, 11.0, True), (11.0, 11.0, 0, 0.0, 11.0, True),
        (20.0, 21.0, None, 2.0, None, False),
    ]  # fmt: skip


def test_of_regular_hours_only_bars_wholly_inside(lake: Lake, tell: Tell) -> None:
    tell(30, [(14 * 60 + minute, 1.0, 1.0) for minute in (0, 30, 60)] + [(20 * 60 + 30, 1.0, 1.0), (21 * 60, 1.0, 1.0)])
    share = COIN.model_copy(update={"calendar": "XNYS"})  # 14:30 to 21:00 UTC
    params = BarParams(every="1h", source="files", session="regular")
    build(lake, share, params, [DAY])
    bars = load(lake, share, params, ns(DAY), ns(NEXT))
    assert bars["ts_open"].dt.hour().to_list() == [14, 15, 20]
    assert bars["volume"].to_list() == [1.0, 1.0, 1.0]


def test_a_length_of_which_no_file_has_a_part_is_refused(lake: Lake, tell: Tell) -> None:
    tell(30, [(0, 1.0, 1.0)])
    tell(60, [(0, 1.0, 1.0)])
    params = BarParams(every="45m", source="files")
    with pytest.raises(BadParams, match=r"bars of 45m: cannot be made of .* of x:COIN \(30m, 1h\); choose a multiple"):
        build_span(lake, COIN, params, DAY, NEXT)
    assert build_span(lake, Instrument(source="x", symbol="OTHER"), params, DAY, NEXT) == {}


def test_bars_off_the_grid_of_the_zone_are_refused(lake: Lake, tell: Tell) -> None:
    tell(60, [(0, 1.0, 1.0)])
    with pytest.raises(BadInput, match="is no whole part of one bar of 1h in Asia/Kolkata"):
        build(lake, COIN.model_copy(update={"zone": "Asia/Kolkata"}), BarParams(every="1h", source="files"), [DAY])


@pytest.mark.parametrize("params", [{"ticks": 5}, {"every": "1m", "kind": "quotes"},
                                    {"every": "1m", "statistics": ["signed_volume"]}])  # fmt: skip
def test_files_tell_no_ticks(params: dict[str, Any]) -> None:
    with pytest.raises(BadParams, match="bars: source: files needs time bars"):
        BarParams.parse({**params, "source": "files"}, "bars")


# Real files.


def ingested(lake: Lake, path: Path, name: str) -> Instrument:
    """The instrument of a file, its bars merged."""
    uploads.parse(lake, uploads.announce(lake, path).id)
    known = instrument(name)
    days = {cell.date for cell in merge.shares(lake, name)}
    for kind in {cell.kind for cell in merge.shares(lake, name)}:
        merge.build_dates(lake, known, days, kind)
    return known


def test_bitfinex_minutes_become_half_hours(lake: Lake, tmp_path: Path, market_data: Path) -> None:
    source = market_data / "bitfinex_1m" / "ETHUSD_1m_2016.csv.gz"
    with gzip.open(source, "rt") as file:
        lines = [line for _, line in zip(range(20_000), file, strict=False)]
    path = tmp_path / source.name
    path.write_bytes(gzip.compress("".join(lines).encode()))
    coin = ingested(lake, path, "bitfinex:ETHUSD")
    days = build_span(lake, coin, HALF_HOURS, date.min, date.max)
    expected: dict[int, list[float]] = {}
    for stamp, opened, closed, high, low, volume in sorted(tuple(map(float, row)) for row in csv.reader(lines)):
        half = int(stamp) // 1_800_000 * 1800 * SECOND
        bar = expected.setdefault(half, [opened, high, low, closed, 0.0])
        bar[1:4] = max(bar[1], high), min(bar[2], low), closed
        bar[4] += volume
    made = load(lake, coin, HALF_HOURS, -(2**62), 2**62)
    assert made["ts_open"].to_physical().to_list() == list(expected)
    assert list(days) == sorted({datetime.fromtimestamp(half // SECOND, UTC).date() for half in expected})
    assert made.select("open", "high", "low", "close").rows() == [tuple(bar[:4]) for bar in expected.values()]
    assert made["volume"].to_list() == pytest.approx([bar[4] for bar in expected.values()], rel=1e-12)


def test_binance_half_hours_are_told_as_they_are(lake: Lake, tmp_path: Path, market_data: Path) -> None:
    source = market_data / "binance_btcusdt_30m" / "BTCUSDT_30m_20170817_20200812.csv"
    with source.open() as file:
        lines = [line for _, line in zip(range(3_000), file, strict=False)]
    (tmp_path / source.name).write_text("".join(lines))
    coin = ingested(lake, tmp_path / source.name, "binance:BTCUSDT")
    build_span(lake, coin, HALF_HOURS, date.min, date.max)
    made = load(lake, coin, HALF_HOURS, -(2**62), 2**62)
    rows = [tuple(map(float, row)) for row in list(csv.reader(lines))[1:]]
    assert made["ts_open"].to_physical().to_list() == [int(row[0]) * SECOND for row in rows]
    assert made.select("open", "high", "low", "close", "volume").rows() == [row[1:] for row in rows]
