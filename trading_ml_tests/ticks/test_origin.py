"""From any tick back to the very line it was made from, or a clear word why that is not possible."""

from __future__ import annotations

import csv
import gc
import gzip
import json
import weakref
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.adapters import RawFile
from trading_ml.core.errors import BadFile, OutOfRange
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.ticks import Ticks, merge, uploads
from trading_ml.ticks.origin import Lines, named_fields


def ingest(lake: Lake, path: Path) -> None:
    upload = uploads.announce(lake, path)
    for kind, name, day in uploads.parse(lake, upload.id).touched:
        merge.build(lake, instrument(name), day, kind)


def test_every_real_tick_leads_to_its_line(lake: Lake, market_data: Path) -> None:
    path = market_data / "lseg_tick_history" / "TRI.N_sample.csv"
    ingest(lake, path)
    ticks = Ticks.open("lseg:TRI.N", data=lake.root)
    lines = path.read_text().splitlines()
    rows = list(csv.DictReader(line.removeprefix("#") for line in lines))
    for at in range(len(ticks)):
        packet = json.loads(json.dumps(ticks.packet(at), allow_nan=False))
        raw = rows[packet["line"] - 2]
        assert packet["file"] == str(path)
        assert packet["text"] == lines[packet["line"] - 1]
        assert packet["fields"] == raw
        assert packet["price"] == float(raw["Price"])
        assert packet["ts_event"] == raw["Date-Time"]  # nine decimals and Z
        assert packet["position"] == at
    assert ticks.packet(-1)["position"] == len(ticks) - 1


def test_quoted_fields_of_a_gz_lead_back_too(lake: Lake, market_data: Path) -> None:
    path = sorted((market_data / "bitflyer_btcjpy_ticks").glob("*exec*"))[0]
    ingest(lake, path)
    ticks = Ticks.open("bitflyer:BTC_JPY", data=lake.root)
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    for seed in range(20):
        packet = ticks.packet(ticks.random_index(seed))
        assert packet["fields"] == rows[packet["line"] - 2]
        assert int(packet["trade_id"]) == int(packet["fields"]["id"])


@pytest.fixture
def simulated(lake: Lake, tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    head = "#RIC,Domain,Date-Time,Type,Price,Volume,Seq. No.,Qualifiers"
    lines = [f"TRI.N,Market Price,2018-01-04T15:00:0{i}Z,Trade,{i}.5,100,{i}," for i in range(5)]
    path.write_text("\n".join([head, *lines]) + "\n")
    ingest(lake, path)
    return path


def test_a_file_that_moved_or_changed_is_named(lake: Lake, simulated: Path) -> None:
    opened = Ticks.open("lseg:TRI.N", data=lake.root)
    assert opened.packet(3)["fields"]["Price"] == "3.5"
    content = simulated.read_text()
    simulated.write_text(content.replace("3.5", "9.5"))
    with pytest.raises(BadFile, match="has changed since it was ingested"):
        Ticks.open("lseg:TRI.N", data=lake.root).packet(3)
    moved = simulated.rename(simulated.with_name("b.csv"))
    with pytest.raises(BadFile, match="is no longer there"):
        opened.packet(3)
    moved.write_text(content)
    uploads.announce(lake, moved)
    assert opened.packet(3)["file"] == str(moved)


def test_there_is_no_packet_of_no_tick(lake: Lake, simulated: Path) -> None:
    with pytest.raises(OutOfRange):
        Ticks.open("lseg:TRI.N", data=lake.root).packet(5)
    assert Ticks.open("lseg:TRI.N", data=lake.root).dates == (date(2018, 1, 4),)


@given(st.lists(st.text("ab,é\r", max_size=9), min_size=1, max_size=30), st.data())
@settings(max_examples=50)
def test_lines_are_those_of_the_file_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("raw") / "a.txt"
    path.write_bytes("\n".join([*texts, ""]).encode())
    lines, order = Lines(RawFile(path, "")), data.draw(st.lists(st.integers(1, len(texts)), max_size=8))
    for number in order:
        assert lines[number] == texts[number - 1].removesuffix("\r")
    with pytest.raises(OutOfRange, match=f"it has {len(texts)} lines"):
        lines[len(texts) + 1]


def test_a_line_beyond_the_first_block(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"".join(b"%08d,x\n" % number for number in range(1, 1_200_001)), 1))
    lines = Lines(RawFile(path, ""))
    for number in (1_200_000, 1, 500_000, 500_001, 1_199_999):
        assert lines[number] == f"{number:08d},x"


@pytest.mark.parametrize(
    ("first", "line", "expected"),
    [
        ("a|b", "1|2", {"a": "1", "b": "2"}),
        ("a,b", "1", {"a": "1"}),
        ("a,b", "1,2,3", {"a": "1", "b": "2", "3": "3"}),
        ("a,a", "1,2", {"1": "1", "2": "2"}),
        ("20130405 09:30,5", "20130405 09:30,5", {"1": "20130405 09:30", "2": "5"}),
        ('17 {"stream": 1}', '18 {"stream": 2}', {"1": '18 {"stream": 2}'}),
        ('"Price","Old Price"', '"1","2"', {"Price": "1", "Old Price": "2"}),
    ],
)
def test_fields_are_named_where_names_are_known(first: str, line: str, expected: dict[str, str]) -> None:
    assert named_fields(first, line) == expected


def test_lines_are_gone_when_they_are_let_go(tmp_path: Path) -> None:
    """Without the garbage collector, which comes at any time; so their file is closed at once."""
    path = tmp_path / "long.csv.gz"
    path.write_bytes(gzip.compress(b"1,2\n" * 10))
    lines = Lines(RawFile.of(path))
    assert lines[1] == "1,2"
    gone = weakref.ref(lines)
    gc.disable()
    try:
        del lines
        assert gone() is None
    finally:
        gc.enable()
