from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from trading_ml.adapters import RawFile, detect, sirca
from trading_ml.core.instruments import instrument
from trading_ml.ticks.rules import Marked, chosen, judged, marked
from trading_ml.ticks.rules.retracted import Retracted, retracted

HEADER = (
    "#Instrument,Date,Time,Record Type,Price,Volume,Undisclosed Volume,Value,Qualifiers,Trans ID,Bid ID,Ask ID,"
    "Bid/Ask,Entry Time,Old Price,Old Volume,Buyer Broker ID,Seller Broker ID\n"
)
SYDNEY = ZoneInfo("Australia/Sydney")


def _read(folder: Path, lines: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    path = folder / "log.csv"
    path.write_text(HEADER + lines, encoding="utf-8")
    chunks = list(sirca.read(RawFile.of(path)))
    return pl.concat(chunk.frame for chunk in chunks), pl.concat(chunk.quarantine for chunk in chunks)


def _line(time: str, kind: str, price: str, volume: str, qualifiers: str = "", trans: str = "0") -> str:
    return f"BHP,20130205,{time},{kind},{price},{volume},,,{qualifiers},{trans},1,2,,,,,140,110\n"


def test_trades_off_market_trades_and_cancels_are_told_apart(tmp_path: Path) -> None:
    frame, refused = _read(
        tmp_path,
        _line("10:00:00.025", "TRADE", "37.35", "90", "AC")
        + _line("10:00:00.026", "OFFTR", "37.474", "55000", "LT XT")
        + _line("10:00:00.027", "TRADE", "37.36", "57", trans="7")
        + _line("10:00:00.027", "CANCEL_TRADE", "37.36", "57")
        + _line("10:00:00.028", "ENTER", "37.3", "10"),
    )
    assert frame.select("price", "size", "conditions", "trade_id", "seq", "row").rows() == [
        (37.35, 90.0, "AC", None, 2, 2),
        (37.474, 55_000.0, "OFFTR;LT XT", None, 3, 3),
        (37.36, 57.0, None, "7", 7, 4),
        (37.36, 57.0, "CANCEL_TRADE", None, 5, 5),
    ]
    assert refused.select("row", "reason").rows() == [(6, "ENTER tells of an order, not of a trade")]


def test_stamps_are_sydney_s_summer_and_winter(tmp_path: Path) -> None:
    summer = _line("10:00:00.025", "TRADE", "37.35", "90")
    frame, _ = _read(tmp_path, summer + summer.replace("20130205", "2013-07-05"))
    assert frame["ts_event"].dt.hour().to_list() == [23, 0]


def test_as_many_of_the_last_equal_trades_are_cancelled_as_are_taken_back(tmp_path: Path) -> None:
    told = [("TRADE", 57), ("TRADE", 57), ("OFFTR", 60), ("TRADE", 57), ("TRADE", 60), ("CANCEL_TRADE", 57)]
    lines = [_line("10:00:00.027", kind, "37.36", str(volume)) for kind, volume in [*told, ("CANCEL_TRADE", 57)]]
    frame, _ = _read(tmp_path, "".join(lines) + _line("10:00:00.028", "TRADE", "37.36", "57"))
    excluded = judged(frame.sort("ts_event", "seq"), chosen(instrument("sirca:BHP"), "trades"))["excluded_by"]
    assert excluded.to_list() == [
        None, "cancelled", "off_market", "cancelled", None, "cancelled", "cancelled", None,
    ]  # fmt: skip


def test_marks_that_take_nothing_back_leave_equal_trades_alone() -> None:
    frame = pl.DataFrame({"conditions": [None, "CAN"], "ts_event": [1, 1], "price": [1.0, 1.0], "size": [1.0, 1.0]})
    assert frame.select(marked(Marked(marks=("CAN",)))).to_series().to_list() == [None, True]
    assert frame.select(retracted(Retracted(marks=("CAN",), takes_back=True))).to_series().to_list() == [True, True]


REAL = {
    "BHP_20130205_sirca.csv.gz": {
        **{"TRADE": 16_485, "OFFTR": 1_028, "CANCEL_TRADE": 88},
        **{"ENTER": 43_696, "AMEND": 16_993, "DELETE": 21_936},
    },
    "BHP_20130301_quoted.csv.gz": {
        **{"TRADE": 1_267, "OFFTR": 106, "CANCEL_TRADE": 6},
        **{"ENTER": 5_108, "AMEND": 2_130, "DELETE": 1_384},
    },
}


@pytest.mark.parametrize(("name", "records"), REAL.items())
def test_real_logs_equal_the_lines_read_with_the_standard_library(
    market_data: Path, name: str, records: dict[str, int]
) -> None:
    path = market_data / "sirca_asx_orders" / name
    assert detect(path)[0].name == "sirca"
    chunks = list(sirca.read(RawFile.of(path)))
    frame = pl.concat(chunk.frame for chunk in chunks)
    refused = Counter(pl.concat(chunk.quarantine for chunk in chunks)["reason"].str.extract("^([A-Z]+)"))
    types = frame["conditions"].str.extract("^(OFFTR|CANCEL_TRADE)").fill_null("TRADE")
    assert Counter(types) + refused == Counter(records)
    with gzip.open(path, "rt") as file:
        lines = [(row, line) for row, line in enumerate(csv.reader(file), start=1) if "TR" in line[3]]
    assert frame.select("row", "price", "size").rows() == [(r, float(line[4]), float(line[5])) for r, line in lines]
    stamps = [f"{line[1].replace('-', '')} {line[2]}" for _, line in lines]
    moments = [datetime.strptime(stamp, "%Y%m%d %H:%M:%S.%f").replace(tzinfo=SYDNEY) for stamp in stamps]
    assert frame["ts_event"].dt.epoch("ms").to_list() == [round(moment.timestamp() * 1000) for moment in moments]


@pytest.mark.parametrize(("name", "records"), REAL.items())
def test_real_cancels_each_take_back_one_trade_on_the_market(
    market_data: Path, name: str, records: dict[str, int]
) -> None:
    chunks = sirca.read(RawFile.of(market_data / "sirca_asx_orders" / name))
    ticks = pl.concat(chunk.frame for chunk in chunks).sort("ts_event", "seq")
    excluded = judged(ticks, chosen(instrument("sirca:BHP"), "trades"))["excluded_by"]
    cancels = records["CANCEL_TRADE"]
    assert Counter(excluded.drop_nulls()) == {"cancelled": 2 * cancels, "off_market": records["OFFTR"]}
    assert excluded.null_count() == records["TRADE"] - cancels
