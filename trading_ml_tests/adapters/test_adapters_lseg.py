from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from trading_ml.adapters import ADAPTERS, RawFile, lseg
from trading_ml.adapters.contract import Chunk
from trading_ml.core.errors import BadFile


def _read(tmp_path: Path, text: str) -> dict[str, Chunk]:
    path = tmp_path / "time_and_sales.csv"
    path.write_text(text, encoding="utf-8")
    return {chunk.kind: chunk for chunk in lseg.read(RawFile(path, "0" * 64))}


FULL = """\
#RIC,Domain,Date-Time,GMT Offset,Type,Price,Volume,Bid Price,Bid Size,Ask Price,Ask Size,Qualifiers,Seq. No.,Exch Time
NEW.N,Market Price,2024-03-01T14:30:00.000000001Z,-5,Trade,10.5,100,,,,,"ODD[IRGCOND];Q, R",71,14:30:00
NEW.N,Market Price,2024-03-01T14:30:00.000000002Z,-5,Quote,,,10.4,3,10.6,5,,72,14:30:00
NEW.N,Market Price,2024-03-01T14:30:00.000000003Z,-5,Quote,,,,,10.55,1,,73,14:30:00
NEW.N,Market Price,2024-03-01T14:30:00.000000004Z,-5,Auction,10.5,900,,,,,,74,14:30:00
NEW.N,Market Price,2024-03-01T14:30:00.000000005Z,-5,Quote,,,,5,,5,,75,14:30:00
NEW.N,Market Price,2024-03-01T14:30:00.000000006Z,-5,Trade,-0.25,0,,,,,,,14:30:00
"""


def test_trades_keep_qualifiers_word_for_word_and_take_the_sequence_or_else_the_row(tmp_path: Path) -> None:
    trades = _read(tmp_path, FULL)["trades"].frame
    assert trades.to_dict(as_series=False) == {
        "symbol": ["NEW.N", "NEW.N"],
        "ts_event": trades["ts_event"].to_list(),
        "price": [10.5, -0.25],
        "size": [100.0, 0.0],
        "seq": [71, 7],
        "side": [None, None],
        "conditions": ["ODD[IRGCOND];Q, R", None],
        "row": [2, 7],
    }
    assert trades["ts_event"].dt.epoch("ns").to_list() == [1_709_303_400_000_000_001, 1_709_303_400_000_000_006]


def test_quotes_may_have_one_side_and_must_have_one(tmp_path: Path) -> None:
    quotes = _read(tmp_path, FULL)["quotes"].frame
    assert quotes.select("bid", "ask", "bid_size", "ask_size", "seq", "row").rows() == [
        (10.4, 10.6, 3.0, 5.0, 72, 3),
        (None, 10.55, None, 1.0, 73, 4),
    ]


def test_other_types_are_quarantined_by_name_once_for_both_kinds(tmp_path: Path) -> None:
    refused = pl.concat(chunk.quarantine for chunk in _read(tmp_path, FULL).values())
    assert refused.select("row", "reason").rows() == [
        (5, "Type is not one of Trade, Quote: 'Auction'"),
        (6, "Bid Price and Ask Price are empty"),
    ]


@pytest.mark.parametrize("stamp", ["09:30:00.5-05", "09:30:00.5-05:00", "15:30:00.5+0100", "14:30:00.5Z"])
def test_the_offset_in_the_stamp_says_the_moment_and_gmt_offset_does_not(tmp_path: Path, stamp: str) -> None:
    text = f"#RIC,Date-Time,GMT Offset,Type,Price,Volume\nX,2024-03-01T{stamp},+9,Trade,1,1\n"
    moments = _read(tmp_path, text)["trades"].frame["ts_event"].dt.epoch("ns").to_list()
    assert moments == [1_709_303_400_500_000_000]


def test_a_stamp_without_offset_is_not_guessed(tmp_path: Path) -> None:
    text = "RIC,Date-Time,GMT Offset,Type,Price,Volume\nX,2024-03-01T14:30:00,0,Trade,1,1\n"
    chunk = _read(tmp_path, text)["trades"]
    assert chunk.quarantine["reason"].to_list() == ["Date-Time has no offset: '2024-03-01T14:30:00'"]


def test_a_file_of_quotes_alone_needs_no_price_column(tmp_path: Path) -> None:
    text = "#RIC,Date-Time,Type,Bid Price,Ask Price\nX,2024-03-01T14:30:00Z,Quote,1,2\n"
    assert lseg.fits(text.encode(), "x.csv")
    assert _read(tmp_path, text)["quotes"].frame.select("bid", "ask", "bid_size").rows() == [(1.0, 2.0, None)]


def test_the_simulated_exchange_and_other_tables_are_not_taken_for_it(tmp_path: Path) -> None:
    header = "#RIC,Domain,Date-Time,Type,Price,Volume\n"
    assert lseg.fits(f"{header}A,Market Price,,Trade,1,1".encode(), "x.csv")
    assert not lseg.fits(f"{header}A,Simulated,,Trade,1,1".encode(), "x.csv")
    assert not lseg.fits(b"#RIC,Date-Time,Type\n", "x.csv")
    with pytest.raises(BadFile, match="has no column 'Date-Time', 'Type'"):
        _read(tmp_path, "RIC,Price,Volume\nA,1,1\n")
    with pytest.raises(BadFile, match="has no columns of prices"):
        _read(tmp_path, "RIC,Date-Time,Type\nA,,\n")


def test_real_abf_is_kept_whole_pounds_and_late_reports_included(market_data: Path) -> None:
    path = market_data / "lseg_tick_history" / "ABF.L_trades_20230703_20230706.csv.gz"
    chunks = list(ADAPTERS["lseg"].read(RawFile.of(path), None))
    frame = pl.concat(chunk.frame for chunk in chunks)
    assert sum(chunk.rows for chunk in chunks) == frame.height == 6_864
    assert set(frame["symbol"]) == {"ABF.L"}
    assert frame.filter(pl.col("price") < 100).height == 234
    assert frame.filter(pl.col("size") == 0).height == 14
    assert frame["ts_event"].dt.epoch("ns")[0] == 1_688_367_600_292_563_721  # 08:00 in London's summer


def test_real_tri_lacks_one_volume(market_data: Path) -> None:
    path = market_data / "lseg_tick_history" / "TRI.N_sample.csv"
    (chunk,) = ADAPTERS["lseg"].read(RawFile.of(path), None)
    assert (chunk.rows, chunk.frame.height) == (17, 16)
    assert chunk.quarantine.select("row", "reason").rows() == [(18, "Volume is empty")]
    assert chunk.frame["ts_event"].dt.epoch("ns")[0] == 1_515_085_275_402_881_806
