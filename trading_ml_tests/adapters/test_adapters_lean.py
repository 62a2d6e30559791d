from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from trading_ml.adapters import RawFile, detect, lean
from trading_ml.adapters.contract import Chunk
from trading_ml.adapters.lean.conditions import spelled
from trading_ml.core.errors import BadFile
from trading_ml.core.instruments import instrument
from trading_ml.ticks.rules import chosen, judged

LEAN = "us_equity_fx_futures_lean"
TRADES = "34200000,1674100,100,P,20,0\n34200000.25,1674200,50,Q,1000000,1\n34200000,1674200,50,,,0\n"


def _zip(path: Path, **members: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"{name}.csv", text)
    return path


def _read(path: Path, symbol: str | None = None) -> list[Chunk]:
    return list(lean.ADAPTER.read(RawFile.of(path), symbol))


def _frame(path: Path) -> pl.DataFrame:
    return pl.concat(chunk.frame for chunk in _read(path))


def _moment(*local: int, zone: str) -> int:
    return round(datetime(*local, tzinfo=ZoneInfo(zone)).timestamp() * 1000)  # pyright: ignore[reportArgumentType]


def test_trades_of_an_equity_are_scaled_and_their_conditions_spelled(tmp_path: Path) -> None:
    frame = _frame(_zip(tmp_path / "20131007_trade.zip", **{"20131007_spy_Trade_Tick": TRADES}))
    assert frame.select("symbol", "price", "size", "seq", "conditions", "row").rows() == [
        ("SPY", 167.41, 100.0, 1, "P;20;IntermarketSweep", 1),
        ("SPY", 167.42, 50.0, 2, "Q;1000000;OfficialClose;suspicious", 2),
        ("SPY", 167.42, 50.0, 3, None, 3),
    ]
    opens = _moment(2013, 10, 7, 9, 30, zone="America/New_York")
    assert (frame["ts_event"].dt.epoch("us") - opens * 1000).to_list() == [0, 250, 0]


def test_bits_have_the_names_lean_gives_them() -> None:
    assert spelled("20004a00") == "20004a00;DerivativelyPriced;Sold;OutOfSequence;TradeThroughExempt"
    assert spelled("80000001") == "80000001;Regular;OddLot"
    assert spelled("") == ""
    assert spelled("@ T") == "@ T"


def test_a_side_of_a_quote_at_zero_is_no_side(tmp_path: Path) -> None:
    text = "14400054,0,0,1836300,100,Q,1,0\n14400241,1800100,300,0,0,P,1,1\n14400241,0,0,0,0,P,1,0\n"
    (chunk,) = _read(_zip(tmp_path / "20131007_quote.zip", **{"20131007_ibm_Quote_Tick": text}))
    assert chunk.frame.select("bid", "ask", "bid_size", "ask_size", "conditions").rows() == [
        (None, 183.63, None, 100.0, "Q;1"),
        (180.01, None, 300.0, None, "P;1;suspicious"),
    ]
    assert chunk.quarantine.rows() == [(3, "bid and ask are 0", "14400241,0,0,0,0,P,1,0")]


@pytest.mark.parametrize(
    ("member", "text", "zone"),
    [
        ("20140504_eurusd_tick_quote", "3600000,1.387,1.3879\n", "Etc/GMT+5"),
        ("20170903_btcusd_tick_quote", "3600000,1.387,0.5,1.3879,2,0\n", "UTC"),
        ("20131006_es_tick_quote_201312", "3600000,1.387,5,1.3879,5,C,0\n", "UTC"),
    ],
)
def test_quotes_of_other_securities_are_neither_scaled_nor_by_new_york_s_clock(
    tmp_path: Path, member: str, text: str, zone: str
) -> None:
    day = [int(member[:4]), int(member[4:6]), int(member[6:8])]
    frame = _frame(_zip(tmp_path / f"{member[:8]}_quote.zip", **{member: text}))
    assert frame.select("bid", "ask").rows() == [(1.387, 1.3879)]
    assert frame["ts_event"].dt.epoch("ms").to_list() == [_moment(*day, 1, zone=zone)]


def test_every_file_of_a_zip_is_a_symbol_and_rows_count_on(tmp_path: Path) -> None:
    bar = "79200000,1676.75,1677.25,1673.5,1675.25,18"
    path = _zip(
        tmp_path / "20131006_trade.zip",
        **{
            "20131006_es_minute_trade_201312": f"{bar}84\n{bar}x\n{bar}85\n{bar}86",
            "20131006_es_minute_trade_201403": f"{bar}87\n",
        },
    )
    chunks = _read(path)
    frame = pl.concat(chunk.frame for chunk in chunks)
    assert {chunk.kind for chunk in chunks} == {"bars_1m"}
    assert frame.select("symbol", "close", "volume", "row").rows() == [
        ("ES201312", 1675.25, 1884.0, 1),
        ("ES201312", 1675.25, 1885.0, 3),
        ("ES201312", 1675.25, 1886.0, 4),
        ("ES201403", 1675.25, 1887.0, 5),
    ]
    assert pl.concat(chunk.quarantine for chunk in chunks)["row"].to_list() == [2]
    with pytest.raises(BadFile, match=r"several symbols \(ES201312, ES201403\)"):
        _read(path, "ES")


def test_bars_of_quotes_are_on_mid_under_a_symbol_of_their_own(tmp_path: Path) -> None:
    bar = "60000,10,14,8,12,0.5,11,15,9,14,0.25\n"
    (chunk,) = _read(_zip(tmp_path / "20170903_quote.zip", **{"20170903_btcusd_minute_quote": bar}))
    assert chunk.kind == "bars_1m"
    assert chunk.frame.select("symbol", "open", "high", "low", "close", "volume", "bid", "ask").rows() == [
        ("BTCUSD.quote", 10.5, 14.5, 8.5, 13.0, 0.0, 12.0, 14.0)
    ]


def test_days_are_calendar_days_and_hours_follow_the_clock(tmp_path: Path) -> None:
    days = "20131101 00:00,10000,20000,10000,15000,5\n20131103 00:00,10000,20000,10000,15000,5\nlater,1,1,1,1,1\n"
    (chunk,) = _read(_zip(tmp_path / "daily" / "xyz.zip", xyz=days))
    assert chunk.kind == "bars_1d"
    assert chunk.frame.select("symbol", "open", "high").rows() == [("XYZ", 1.0, 2.0)] * 2
    assert (chunk.frame["ts_close"] - chunk.frame["ts_event"]).dt.total_hours().to_list() == [24, 25]
    assert chunk.quarantine["reason"].to_list() == ["time is none of America/New_York: later"]
    hours = "20130131 09:00,1,1,1,1,5\n20130731 09:00,1,1,1,1,5\n"
    (chunk,) = _read(_zip(tmp_path / "hour" / "xyz.zip", xyz=hours))
    assert (chunk.kind, chunk.frame["ts_event"].dt.hour().to_list()) == ("bars_1h", [14, 13])


def test_milliseconds_are_shown_by_a_clock_also_on_the_day_it_is_changed(tmp_path: Path) -> None:
    text = "7200000,1,1,1,1,5\n10800000,1,1,1,1,5\n86400000,1,1,1,1,5\n"
    (chunk,) = _read(_zip(tmp_path / "20130310_trade.zip", **{"20130310_spy_minute_trade": text}))
    assert chunk.frame["ts_event"].to_list() == [datetime(2013, 3, 10, 7, tzinfo=UTC)], "03:00 follows 01:59"
    assert chunk.quarantine["reason"].to_list() == [
        "time is none of 2013-03-10: 7200000.0",
        "time is none of 2013-03-10: 86400000.0",
    ]


@pytest.mark.parametrize(
    ("name", "member", "told"),
    [
        ("20131007_trade", "spy_trade_2013", "no name of Lean's"),
        ("20131007_trade", "spy_minute_trade", "says no day"),
        ("20131007_trade", "20131307_spy_minute_trade", "named after 20131307, which is no date"),
        ("20131007_trade", "20131007_spy_tick_quote", "has no table of quotes by tick with 4 columns"),
    ],
)
def test_what_its_names_do_not_say_cannot_be_read(tmp_path: Path, name: str, member: str, told: str) -> None:
    with pytest.raises(BadFile, match=told):
        _read(_zip(tmp_path / f"{name}.zip", **{member: "1,2,3,4\n"}))


def test_other_tables_are_not_taken_for_it() -> None:
    fits = lean.ADAPTER.fits
    assert fits(TRADES.encode(), "any.csv")
    assert fits(b"1787,1.38727,1.38729\n", "20140501_quote.zip")
    assert not fits(b"1787,1.38727,1.38729\n", "quotes.csv")
    assert not fits(b"1364774820000,93.25,93.3,93.3,93.25,93.3\n", "20140501_trade.zip")
    assert not fits(b"34200.004241176,1,16113575,18,5853300,1\n", "AAPL_2012-06-21_34200000_57600000_message_10.csv")


@pytest.fixture(scope="module")
def spy(market_data: Path) -> dict[str, pl.DataFrame]:
    """SPY's trades of four days with the rules that are on by default."""
    choices = chosen(instrument("lean:SPY"), "trades")
    days = {}
    for day in ("20131007", "20131008", "20131009", "20131010"):
        path = market_data / LEAN / "equity" / "usa" / "tick" / "spy" / f"{day}_trade.zip"
        assert detect(path)[0].name == "lean"
        days[day] = judged(_frame(path).sort("ts_event", "seq"), choices)
    return days


def test_real_spy_is_whole(spy: dict[str, pl.DataFrame]) -> None:
    assert [frame.height for frame in spy.values()] == [250_601, 451_545, 439_677, 460_032]
    for frame in spy.values():
        local = frame["ts_event"].dt.convert_time_zone("America/New_York").dt.hour()
        assert (local.min(), local.max()) == (4, 19)
    whole = pl.concat(spy.values())
    assert whole.height == 1_601_855
    assert whole["conditions"].str.ends_with("suspicious").sum() == 10
    assert Counter(whole["excluded_by"].drop_nulls()) == {"off_market": 16}


def test_real_spy_s_minute_volume_is_the_publisher_s(market_data: Path, spy: dict[str, pl.DataFrame]) -> None:
    equal, minutes = 0, 0
    for day, ticks in spy.items():
        path = market_data / LEAN / "equity" / "usa" / "minute" / "spy" / f"{day}_trade.zip"
        theirs = dict(_frame(path).select("ts_event", "volume").iter_rows())
        kept = ticks.filter(pl.col("excluded_by").is_null())
        ours = dict(kept.group_by(pl.col("ts_event").dt.truncate("1m")).agg(pl.col("size").sum()).iter_rows())
        minutes += len(theirs.keys() | ours.keys())
        equal += sum(ours.get(minute) == volume for minute, volume in theirs.items())
    assert (equal, minutes) == (3_343, 3_352)
    assert equal / minutes >= 0.995


def _lines(path: Path) -> list[list[str]]:
    with zipfile.ZipFile(path) as archive:
        return list(csv.reader(io.TextIOWrapper(archive.open(archive.namelist()[0]))))


@pytest.mark.parametrize(("day", "rows"), [("20131007", 109_067), ("20131008", 125_750), ("20131009", 135_492)])
def test_real_ibm_quotes_equal_the_file_read_with_the_standard_library(market_data: Path, day: str, rows: int) -> None:
    path = market_data / LEAN / "equity" / "usa" / "tick" / "ibm" / f"{day}_quote.zip"
    frame, lines = _frame(path), _lines(path)
    assert frame.height == len(lines) == rows
    for name, place in (("bid", 1), ("ask", 3)):
        assert frame[name].to_list() == [int(line[place]) / 10_000 or None for line in lines]
    assert frame.select(pl.col("bid").is_null() ^ pl.col("ask").is_null()).to_series().all()


def test_real_eurusd_weeks_end_as_new_york_s_do(market_data: Path) -> None:
    folder = market_data / LEAN / "forex" / "fxcm" / "tick" / "eurusd"
    frames = {path.name[:8]: _frame(path) for path in sorted(folder.glob("*.zip"))}
    counts = [51_053, 96_406, 8_025, 58_143, 102_682, 89_504, 167_466, 102_122]
    assert [frame.height for frame in frames.values()] == counts
    for friday in ("20140502", "20140509"):
        last = frames[friday]["ts_event"].dt.convert_time_zone("America/New_York")[-1]
        assert (last.hour, last.minute) == (16, 59)


@pytest.mark.parametrize(
    ("name", "kind", "rows"),
    [
        ("equity/usa/daily/aapl.zip", "bars_1d", 5_849),
        ("equity/usa/hour/aapl.zip", "bars_1h", 40_831),
        ("equity/usa/minute/aapl/20140609_trade.zip", "bars_1m", 834),
        ("crypto/coinbase/second/btcusd/20161007_trade.zip", "bars_1s", 4_063),
        ("crypto/coinbase/minute/btcusd/20170903_quote.zip", "bars_1m", 1_438),
        ("future/cme/minute/es/20131218_trade.zip", "bars_1m", 2_647),
    ],
)
def test_real_bars_are_whole(market_data: Path, name: str, kind: str, rows: int) -> None:
    chunks = _read(market_data / LEAN / name)
    assert {chunk.kind for chunk in chunks} == {kind}
    assert sum(chunk.frame.height for chunk in chunks) == sum(chunk.rows for chunk in chunks) == rows


def test_real_aapl_splits_are_in_the_raw_prices(market_data: Path) -> None:
    days = _frame(market_data / LEAN / "equity" / "usa" / "daily" / "aapl.zip")
    close = {moment.date().isoformat(): price for moment, price in days.select("ts_event", "close").iter_rows()}
    assert (close["2014-06-06"], close["2014-06-09"]) == (645.57, 93.7)
    assert (close["2020-08-28"], close["2020-08-31"]) == (499.23, 129.04)
