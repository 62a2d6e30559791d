"""Rows that are well formed and cannot be: sizes below nothing, times to come or before there were machines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from trading_ml.adapters import RawFile, detect
from trading_ml.adapters.contract import Chunk

TIMES = {"2099-01-02": "time lies in the future", "1969-12-31": "time lies before 1980"}
SIZE, BID_SIZE = "size is negative", "bid_size is negative"


def _time_and_sales(day: str = "2023-07-03", size: float = 1) -> str:
    return f"#RIC,Date-Time,Type,Price,Volume\nABC.L,{day}T08:00:00Z,Trade,-3.5,{size}\n"


def _execution(day: str = "2018-01-21", size: float = 1) -> str:
    head = "product_code,id,exec_date,loaded,side,price,size"
    return f"{head}\nBTC_JPY,7,{day}T08:00:00+09:00,,BUY,9.5,{size}\n"


def _order_log(day: str = "2013-02-05", size: float = 1) -> str:
    return f"Instrument,Date,Time,Record Type,Price,Volume\nBHP,{day},10:00:00.000,TRADE,37.5,{size}\n"


def _tape(day: str = "2018-01-02", size: float = 1) -> str:
    return f"DT,EX,SYMBOL,COND,SIZE,PRICE,CORR\n{day}T10:00:00Z,P,ABC,F,{size},9.5,0\n"


def _sides(day: str = "2018-01-02", size: float = 1) -> str:
    return f"DT,EX,BID,BIDSIZ,OFR,OFRSIZ,SYMBOL\n{day}T10:00:00Z,P,9.5,{size},9.25,1,ABC\n"


def _dump(day: str = "2021-01-01", size: float = 1) -> str:
    stamp = int(datetime.fromisoformat(f"{day}T10:00:00+00:00").timestamp() * 1000)
    return f"id,price,qty,quoteQty,time,isBuyerMaker\n5,1.5,{size},2,{stamp},true\n"


def _read(path: Path) -> list[Chunk]:
    return list(detect(path)[0].read(RawFile(path, "0" * 64), "ABC" if "-" not in path.name else None))


def _reasons(path: Path) -> list[str]:
    return pl.concat(chunk.quarantine["reason"] for chunk in _read(path)).str.split(": ").list.first().to_list()


@pytest.mark.parametrize("made", [_time_and_sales, _execution, _order_log, _tape, _sides, _dump])
def test_a_size_below_nothing_and_a_time_that_cannot_be(tmp_path: Path, made) -> None:
    path = tmp_path / "ABC-trades-2021-01-01.csv"
    path.write_text(made(size=0))
    assert _reasons(path) == []  # as some venues report a price without a trade
    path.write_text(made(size=-1) + made().splitlines()[1] + "\n")
    assert _reasons(path) == [BID_SIZE if made is _sides else SIZE]
    for day, reason in TIMES.items():
        path.write_text(made(day) + made().splitlines()[1] + "\n")
        found = _reasons(path)
        assert found in ([reason], ["time is no time in ms or µs"]), found


def test_a_file_of_today_is_read(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    rows = [f"ABC.L,{(now + timedelta(hours=hours)).isoformat()},Trade,1,1" for hours in (-1, 14, 25)]
    (tmp_path / "a.csv").write_text("#RIC,Date-Time,Type,Price,Volume\n" + "\n".join(rows) + "\n")
    assert _reasons(tmp_path / "a.csv") == ["time lies in the future"]


def test_bars_of_a_day_may_be_older_than_machines(tmp_path: Path) -> None:
    rows = [f"{year}-01-02,1,2,0.5,1.5,1.5,100" for year in (1899, 1927, 1962, 2024)]
    path = tmp_path / "KO.csv"
    path.write_text("Date,Open,High,Low,Close,Adj Close,Volume\n" + "\n".join(rows) + "\n")
    (chunk,) = _read(path)
    assert chunk.frame["ts_event"].dt.year().to_list() == [1927, 1962, 2024]
    assert chunk.quarantine["row"].to_list() == [2]
