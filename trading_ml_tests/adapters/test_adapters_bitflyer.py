from __future__ import annotations

import csv
import gzip
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from trading_ml.adapters import RawFile, bitflyer
from trading_ml.adapters.contract import Chunk

EXECUTIONS = """\
"domain","product_code","loaded","id","exec_date","side","price","size","buy_child_order_acceptance_id"
"bitflyer.jp","ETH_JPY","2019-05-01T00:00:02.5+09:00","903","2019-05-01T00:00:01.25+09:00","BUY","100.5","0.25","J1"
"bitflyer.jp","ETH_JPY","2019-05-01T00:00:02.5+09:00","902","","SELL","100.0","1","J2"
"bitflyer.jp","ETH_JPY","2019-05-01T00:00:02.5+09:00","901","2019-05-01T00:00:00+09:00","","99.5","2.0",""
"bitflyer.jp","ETH_JPY","","900","","BUY","99.5","2.0",""
"bitflyer.jp","ETH_JPY","2019-05-01T00:00:02.5+09:00","","2019-05-01T00:00:00+09:00","BUY","99.5","2.0",""
"bitflyer.jp","ETH_JPY","2019-05-01T00:00:02.5+09:00","899","2019-05-01T00:00:00+09:00","HOLD","99.5","2.0",""
"""
TICKERS = """\
"product_code","loaded","timestamp","tick_id","best_bid","best_ask","best_bid_size","best_ask_size"
"ETH_JPY","2019-05-01T00:00:00.000+09:00","2019-05-01T00:00:08.125+09:00","5","99.5","100.0","1","0.5"
"ETH_JPY","2019-05-01T00:01:00.000+09:00","","","","","",""
"""
DAYS = {"20180121": 143_107, "20180122": 190_036, "20180123": 165_570}


def _read(tmp_path: Path, text: str) -> Chunk:
    path = tmp_path / "bitflyer.csv"
    path.write_text(text, encoding="utf-8")
    (chunk,) = bitflyer.read(RawFile(path, "0" * 64))
    return chunk


def test_an_execution_without_date_takes_the_moment_it_was_loaded_and_says_so(tmp_path: Path) -> None:
    frame = _read(tmp_path, EXECUTIONS).frame
    assert frame["ts_event"].dt.epoch("ms").to_list() == [1556636401250, 1556636402500, 1556636400000]
    assert frame["conditions"].to_list() == [None, "ts_from_loaded", None]
    assert frame["ts_recv"].dt.epoch("ms").to_list() == [1556636402500] * 3


def test_sides_ids_and_sequence(tmp_path: Path) -> None:
    frame = _read(tmp_path, EXECUTIONS).frame
    assert frame.select("side", "trade_id", "seq", "price", "size", "row").rows() == [
        ("buy", "903", 903, 100.5, 0.25, 2),
        ("sell", "902", 902, 100.0, 1.0, 3),
        (None, "901", 901, 99.5, 2.0, 4),
    ]


def test_executions_that_say_too_little_are_quarantined(tmp_path: Path) -> None:
    assert _read(tmp_path, EXECUTIONS).quarantine.select("row", "reason").rows() == [
        (5, "exec_date and loaded are empty"),
        (6, "id is empty"),
        (7, "side is not one of BUY, SELL: 'HOLD'"),
    ]


def test_tickers_are_quotes(tmp_path: Path) -> None:
    chunk = _read(tmp_path, TICKERS)
    assert chunk.kind == "quotes"
    assert chunk.frame.select("bid", "ask", "bid_size", "ask_size", "seq", "row").rows() == [
        (99.5, 100.0, 1.0, 0.5, 5, 2)
    ]
    assert chunk.frame["ts_event"].dt.epoch("ms").to_list() == [1556636408125]
    assert chunk.quarantine["row"].to_list() == [3]


@pytest.mark.parametrize(("day", "rows"), DAYS.items())
def test_real_executions_equal_the_file_read_with_the_standard_library(market_data: Path, day: str, rows: int) -> None:
    path = market_data / "bitflyer_btcjpy_ticks" / f"bitflyer.execution.{day}.BTC_JPY.csv.gz"
    chunks = list(bitflyer.read(RawFile.of(path)))
    assert sum(chunk.rows for chunk in chunks) == rows
    assert sum(chunk.quarantine.height for chunk in chunks) == 0
    frame = pl.concat(chunk.frame for chunk in chunks)
    with gzip.open(path, "rt") as file:
        lines = list(csv.DictReader(file))
    assert frame["row"].to_list() == list(range(2, rows + 2))
    assert frame["price"].to_list() == [float(line["price"]) for line in lines]
    assert frame["size"].to_list() == [float(line["size"]) for line in lines]
    assert frame["trade_id"].to_list() == [line["id"] for line in lines]
    assert frame["side"].to_list() == [line["side"].lower() or None for line in lines]
    moments = [datetime.fromisoformat(line["exec_date"] or line["loaded"]) for line in lines]
    assert frame["ts_event"].dt.epoch("ms").to_list() == [round(moment.timestamp() * 1000) for moment in moments]
    assert frame["conditions"].null_count() == sum(line["exec_date"] != "" for line in lines)


def test_real_tickers_miss_only_what_the_venue_did_not_answer(market_data: Path) -> None:
    chunks = list(
        bitflyer.read(RawFile.of(market_data / "bitflyer_btcjpy_ticks/bitflyer.ticker.20180121.BTC_JPY.csv.gz"))
    )
    assert (sum(c.rows for c in chunks), sum(c.frame.height for c in chunks)) == (1_418, 1_399)
