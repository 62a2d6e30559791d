from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest

from trading_ml.adapters import RawFile, binance, detect
from trading_ml.adapters.contract import Chunk
from trading_ml.core.errors import BadFile

SPOT = """\
101,25000.5,0.25,6250.125,1723161255342,True,True
102,25000.75,1,25000.75,1723161255342,False,True
"""
FUTURES = """\
id,price,qty,quote_qty,time,is_buyer_maker
101,25000.5,0.25,6250.125,1723161255342,true
102,25000.75,1,25000.75,1723161255342,false
"""
AGGREGATES = """\
agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker
7,25000.5,1.25,101,102,1735689600000001,true
8,25000.75,1,103,103,1735689600000002,false
"""
MINUTES = """\
1722470400000,100,101.5,99.5,101,12.5,1722470459999,1256.25,42,6.25,628.125,0
1722470460000,101,101,101,101,0,1722470519999,0,0,0,0,0
1722470520000,101,100,101,101,1,1722470579999,101,1,0,0,0
"""
LOCAL = "1723161254087896568"
TRADE = (
    '"e":"trade","E":1723161255343,"s":"BTCUSDT","t":5,"p":"61837.63","q":"0.02","T":1723161255342,"m":true,"M":true'
)
BOOK = '"u":9,"s":"BTCUSDT","b":"61837.63","B":"3.5","a":"61837.64","A":"1.5"'


def _read(folder: Path, text: str, name: str, symbol: str | None = None) -> list[Chunk]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return list(binance.ADAPTER.read(RawFile.of(path), symbol))


def _message(stream: str, body: str) -> str:
    return f'{LOCAL} {{"stream":"{stream}","data":{{{body}}}}}\n'


@pytest.mark.parametrize(("text", "first"), [(SPOT, 1), (FUTURES, 2)], ids=["spot", "futures"])
def test_trades_with_and_without_header(tmp_path: Path, text: str, first: int) -> None:
    (chunk,) = _read(tmp_path, text, "BTCUSDT-trades-2024-08-08.csv")
    assert chunk.frame.select("symbol", "price", "size", "side", "seq", "trade_id", "row").rows() == [
        ("BTCUSDT", 25000.5, 0.25, "sell", 101, "101", first),
        ("BTCUSDT", 25000.75, 1.0, "buy", 102, "102", first + 1),
    ]
    assert chunk.frame["ts_event"].dt.epoch("ms").to_list() == [1723161255342] * 2


def test_aggregates_have_ids_of_their_own_and_stamps_may_be_microseconds(tmp_path: Path) -> None:
    (chunk,) = _read(tmp_path, AGGREGATES, "ETHUSD_PERP-aggTrades-2025-01.csv")
    assert chunk.frame.select("symbol", "price", "size", "side", "trade_id").rows() == [
        ("ETHUSD_PERP", 25000.5, 1.25, "sell", "7"),
        ("ETHUSD_PERP", 25000.75, 1.0, "buy", "8"),
    ]
    assert chunk.frame["ts_event"].dt.epoch("us").to_list() == [1735689600000001, 1735689600000002]


@pytest.mark.parametrize(("name", "kind"), [("BTCUSDT-1m-2024-08.csv", "bars_1m"), ("my.csv", "bars_1m")])
def test_klines_are_bars_of_the_interval_that_name_or_stamps_say(tmp_path: Path, name: str, kind: str) -> None:
    (chunk,) = _read(tmp_path, MINUTES, name, "BTCUSDT")
    assert (chunk.kind, chunk.rows) == (kind, 3)
    assert chunk.frame.select("open", "high", "low", "close", "volume", "trades").rows() == [
        (100.0, 101.5, 99.5, 101.0, 12.5, 42),
        (101.0, 101.0, 101.0, 101.0, 0.0, 0),
    ]
    assert (chunk.frame["ts_close"] - chunk.frame["ts_event"]).dt.total_seconds().to_list() == [60, 60]
    assert chunk.quarantine["reason"].to_list() == ["high is below low"]


def test_a_zipped_dump_is_named_by_the_file_in_it(tmp_path: Path) -> None:
    path = tmp_path / "renamed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("BTCUSDT-trades-2024-08-08.csv", SPOT)
    adapter, why = detect(path)
    assert (adapter.name, why) == ("binance", "its lines have the columns of trades")
    (chunk,) = adapter.read(RawFile.of(path), None)
    assert chunk.frame["symbol"].to_list() == ["BTCUSDT"] * 2


def test_a_dump_whose_name_says_no_symbol_needs_one(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"does not say of which symbol it is; name it with --symbol"):
        _read(tmp_path, SPOT, "trades.csv")
    (chunk,) = _read(tmp_path, SPOT, "trades.csv", "BTCUSDT")
    assert set(chunk.frame["symbol"]) == {"BTCUSDT"}


def test_klines_of_a_month_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="klines of a month"):
        _read(tmp_path, MINUTES, "BTCUSDT-1mo-2024-08.csv")


def test_a_stamp_that_is_no_time_is_quarantined(tmp_path: Path) -> None:
    text = SPOT + "103,25000.5,1,1,17231612553,True,True\n"
    (chunk,) = _read(tmp_path, text, "BTCUSDT-trades-2024-08-08.csv")
    assert chunk.quarantine.select("row", "reason").rows() == [(3, "time is no time in ms or µs: 17231612553")]


def test_messages_of_trades_and_quotes_in_any_order_of_keys(tmp_path: Path) -> None:
    turned = ",".join(reversed(TRADE.replace('"t":5', '"t":6').split(",")))
    text = _message("btcusdt@trade", TRADE) + _message("btcusdt@bookTicker", BOOK) + _message("btcusdt@trade", turned)
    chunks = {chunk.kind: chunk.frame for chunk in _read(tmp_path, text, "capture.txt") if chunk.frame.height}
    trades, quotes = chunks["trades"], chunks["quotes"]
    assert trades.select("symbol", "price", "size", "side", "seq", "trade_id", "row").rows() == [
        ("BTCUSDT", 61837.63, 0.02, "sell", 5, "5", 1),
        ("BTCUSDT", 61837.63, 0.02, "sell", 6, "6", 3),
    ]
    assert trades["ts_event"].dt.epoch("ms").to_list() == [1723161255342] * 2
    assert trades["ts_recv"].dt.epoch("ns").to_list() == [int(LOCAL)] * 2
    assert quotes.select("bid", "ask", "bid_size", "ask_size", "seq", "row").rows() == [
        (61837.63, 61837.64, 3.5, 1.5, 9, 2)
    ]
    assert quotes["ts_event"].dt.epoch("ns").to_list() == [int(LOCAL)], "spot quotes have no other time"


def test_quotes_take_the_exchange_s_time_where_there_is_one(tmp_path: Path) -> None:
    text = _message("ethusd_perp@bookTicker", BOOK + ',"T":1723161257450,"E":1723161257457')
    quotes = next(chunk.frame for chunk in _read(tmp_path, text, "capture.txt") if chunk.frame.height)
    assert quotes["ts_event"].dt.epoch("ms").to_list() == [1723161257450]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (_message("btcusdt@trade", TRADE.replace('"t":5', '"t":5.5')), "t is not a whole number: '5.5'"),
        (_message("btcusdt@trade", TRADE.replace("61837.63", "")), "p is empty"),
        (_message("btcusdt@trade", TRADE.replace("61837.63", "inf")), "p is not finite: inf"),
        (_message("btcusdt@trade", TRADE.replace("1723161255342", "5")), "T is no time in ms or µs: 5"),
        (_message("btcusdt@trade", TRADE.replace("BTCUSDT", "BTC\\u0000")), "message of stream trade is broken"),
        (_message("btcusdt@trade", TRADE)[:-3] + "\n", "message of stream trade is broken"),
        (_message("btcusdt@depth@100ms", '"b":[["1","2"]]'), "stream depth is not read"),
        (f'{LOCAL} {{"lastUpdateId":5,"bids":[]}}\n', "answer of the REST interface is not read"),
        (f'{LOCAL} {{"id":1,"result":null}}\n', "not a local time and a message of a stream"),
    ],
)
def test_other_messages_are_quarantined_by_name(tmp_path: Path, line: str, reason: str) -> None:
    chunks = _read(tmp_path, _message("btcusdt@trade", TRADE) + line, "capture.txt")
    refused = pl.concat(chunk.quarantine for chunk in chunks)
    assert refused.rows() == [(2, reason, line.rstrip("\n"))]
    assert sum(chunk.rows for chunk in chunks) == 2


@pytest.mark.parametrize(
    ("name", "symbol", "trades", "quotes", "others"),
    [("spot_btcusdt", "BTCUSDT", 9_757, 28_040, 3_452), ("cm_ethusd_perp", "ETHUSD_PERP", 1_732, 15_812, 22_910)],
)
def test_real_captures_equal_the_lines_read_with_the_standard_library(
    market_data: Path, name: str, symbol: str, trades: int, quotes: int, others: int
) -> None:
    path = market_data / "binance_ws_raw" / f"{name}_20240808.gz"
    chunks = list(binance.ADAPTER.read(RawFile.of(path), None))
    frames = {kind: pl.concat(c.frame for c in chunks if c.kind == kind) for kind in ("trades", "quotes")}
    assert {kind: frame.height for kind, frame in frames.items()} == {"trades": trades, "quotes": quotes}
    assert sum(chunk.quarantine.height for chunk in chunks) == others
    assert set(frames["trades"]["symbol"]) == set(frames["quotes"]["symbol"]) == {symbol}
    with gzip.open(path, "rt") as file:
        told = [(row, line[:19], json.loads(line[20:]).get("data", {})) for row, line in enumerate(file, start=1)]
    expected = [
        (row, int(local), d["T"], float(d["p"]), float(d["q"]), d["t"], "sell" if d["m"] else "buy")
        for row, local, d in told
        if d.get("e") == "trade"
    ]
    found = frames["trades"].with_columns(pl.col("ts_recv").dt.epoch("ns"), pl.col("ts_event").dt.epoch("ms"))
    assert found.select("row", "ts_recv", "ts_event", "price", "size", "seq", "side").rows() == expected
    bids = [(row, float(d["b"]), float(d["A"]), d["u"]) for row, _, d in told if "B" in d]
    assert frames["quotes"].select("row", "bid", "ask_size", "seq").rows() == bids
