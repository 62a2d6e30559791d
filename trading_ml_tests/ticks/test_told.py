"""Bars and orders from files: merged in any order, apart from bars made of ticks, read by time."""

from __future__ import annotations

import itertools
import shutil
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from trading_ml.core.errors import AccountingError, BadFile, BadParams, NoData, Unknown
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.ticks import account, merge, told, uploads
from trading_ml.ticks.cells import date_of_cell, span_of

MAPPING = """
kind: bars
source: made
columns: {open: o, high: h, low: l, close: c, volume: v}
time: {column: t, format: s}
symbol: {value: UP}
interval: 1h
"""
START = datetime(2019, 12, 31, 22, tzinfo=UTC)
UP = instrument("made:UP")


def _line(hour: int, close: float = 10.0) -> str:
    return f"{int(START.timestamp()) + 3600 * hour},10,12,9,{close},5"


def _file(folder: Path, name: str, *lines: str) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "made.mapping.yaml").write_text(MAPPING)
    path = folder / name
    path.write_text("t,o,h,l,c,v\n" + "\n".join(lines) + "\n")
    return path


def _ingest(lake: Lake, *paths: Path, adapter: str | None = None, symbol: str | None = None) -> list[str]:
    cells, ids = defaultdict(set), []
    for path in paths:
        upload = uploads.announce(lake, path, adapter, symbol)
        ids.append(upload.id)
        for kind, name, day in uploads.parse(lake, upload.id).touched:
            cells[kind, name].add(day)
    for (kind, name), days in cells.items():
        merge.build_dates(lake, instrument(name), days, kind)
    return ids


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9


def test_bars_are_stored_by_their_interval_and_read_by_time(lake: Lake, tmp_path: Path) -> None:
    path = _file(tmp_path, "bars.csv", *[_line(hour, 10 + hour / 8) for hour in range(6)])
    (upload,) = _ingest(lake, path)
    assert merge.kinds(lake) == ["bars_1h"]
    assert lake.table("ticks", "bars_1h").dates("made:UP") == [date(2019, 1, 1), date(2020, 1, 1)]
    summary = account.summary(lake, upload)
    assert (summary["kept"], summary["dates"]) == (6, ["2019-12-31", "2020-01-01"])
    found = told.bars(lake, UP, "60m", _ns(START + timedelta(hours=1)), _ns(START + timedelta(hours=5)))
    assert found.columns == [
        "ts_open", "ts_close", "open", "high", "low", "close", "volume", "upload", "row",
    ]  # fmt: skip
    assert found.select("ts_open", "ts_close", "close").rows() == [
        (START + timedelta(hours=hour), START + timedelta(hours=hour + 1), 10 + hour / 8) for hour in range(1, 5)
    ]


def test_of_two_bars_at_one_time_the_first_upload_stays_in_any_order(lake: Lake, tmp_path: Path) -> None:
    files = [
        _file(tmp_path, "a.csv", *[_line(hour) for hour in range(5)]),
        _file(tmp_path, "b.csv", *[_line(hour, 11) for hour in range(3, 8)]),
        _file(tmp_path, "c.csv", _line(9), _line(9), _line(9, 9.5)),
    ]
    seen = set()
    for number, order in enumerate(itertools.permutations(files)):
        own = Lake(tmp_path / str(number))
        ids = _ingest(own, *order)
        accounts = {upload: account.summary(own, upload) for upload in ids}
        assert all(each["rows"] == each["kept"] + each["duplicates"] for each in accounts.values())
        frames = told.bars(own, UP, "1h", _ns(START), _ns(START + timedelta(days=1)))
        seen.add(frames.write_csv())
    assert len(seen) == 1
    smaller = min(uploads.announce(lake, path).number for path in files[:2])
    found = pl.read_csv(next(iter(seen)).encode())
    assert found["ts_open"].n_unique() == found.height == 9
    assert set(found.filter(pl.int_range(pl.len()).is_between(3, 4))["upload"]) == {smaller}
    assert (found["close"][-1], found["row"][-1]) == (10.0, 2)


def test_orders_are_read_by_time(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    stamps = [int(START.timestamp() * 1000) + 1000 * step for step in range(4)]
    path.write_text("".join(f"{stamp},{'profit' if stamp % 2000 else 'loss'},BUY,10,10,5,,\n" for stamp in stamps))
    _ingest(lake, path, symbol="XAU")
    gold = instrument("ig:XAU")
    found = told.orders(lake, gold, _ns(START + timedelta(seconds=1)), _ns(START + timedelta(seconds=3)))
    assert found["ts_event"].to_list() == [START + timedelta(seconds=1), START + timedelta(seconds=2)]
    assert found.select("type", "price", "stop", "limit", "stop_price").row(0) == ("BUY", 5.0, 10.0, 10.0, None)
    with pytest.raises(NoData, match=r"orders of ig:XAU: there are none from 2019-12-30"):
        told.orders(lake, gold, _ns(START - timedelta(days=1)), _ns(START - timedelta(hours=23)))


def test_what_no_file_holds_is_said(lake: Lake, tmp_path: Path) -> None:
    _ingest(lake, _file(tmp_path, "bars.csv", _line(0), _line(1)))
    with pytest.raises(NoData, match="bars of 1m from files of made:UP: there are none"):
        told.bars(lake, UP, "1m", _ns(START), _ns(START) + 1)
    with pytest.raises(BadParams, match="is not a duration"):
        told.bars(lake, UP, "hourly", 0, 1)


@pytest.mark.parametrize(
    ("kind", "span", "first"),
    [
        ("trades", "1d", date(2020, 5, 17)),
        ("orders", "1d", date(2020, 5, 17)),
        ("bars_500ms", "1d", date(2020, 5, 17)),
        ("bars_1m", "1mo", date(2020, 5, 1)),
        ("bars_30m", "1mo", date(2020, 5, 1)),
        ("bars_1h", "1y", date(2020, 1, 1)),
        ("bars_7d", "1y", date(2020, 1, 1)),
    ],
)
def test_a_cell_holds_as_much_time_as_fills_a_file(kind: str, span: str, first: date) -> None:
    assert (span_of(kind), date_of_cell(kind, date(2020, 5, 17))) == (span, first)


# The mapping is part of the upload.


def test_an_upload_keeps_the_mapping_it_was_read_by(lake: Lake, tmp_path: Path) -> None:
    path = _file(tmp_path / "raw", "bars.csv", _line(0), _line(1))
    upload = uploads.announce(lake, path)
    assert (upload.adapter, upload.mapping and upload.mapping["interval"]) == ("made", "1h")
    first = uploads.parse(lake, upload.id)
    (path.parent / "made.mapping.yaml").unlink()
    assert [status.state for status in uploads.ledger(lake)] == ["parsed"]
    assert uploads.parse(lake, upload.id).folder == first.folder
    with pytest.raises(BadFile, match="of no known format"):
        uploads.announce(lake, path)


def test_another_mapping_reads_the_file_anew(lake: Lake, tmp_path: Path) -> None:
    path = _file(tmp_path, "bars.csv", _line(0), _line(1))
    _ingest(lake, path)
    mapping = tmp_path / "made.mapping.yaml"
    mapping.write_text(MAPPING.replace("1h", "30m"))
    (upload,) = _ingest(lake, path)
    assert [part.kind for part in uploads.parse(lake, upload).partitions] == ["bars_30m"]
    assert merge.kinds(lake) == ["bars_1h", "bars_30m"]
    assert lake.table("ticks", "bars_1h").dates("made:UP") == [], "withdrawn"


def test_a_mapping_from_elsewhere_is_named(lake: Lake, tmp_path: Path) -> None:
    path = _file(tmp_path / "raw", "bars.csv", _line(0), _line(1))
    elsewhere = tmp_path / "mine.yaml"
    shutil.move(path.parent / "made.mapping.yaml", elsewhere)
    upload = uploads.announce(lake, path, adapter=str(elsewhere))
    assert upload.adapter == "mine"
    assert [part.instrument for part in uploads.parse(lake, upload.id).partitions] == ["made:UP"]
    elsewhere.write_text(MAPPING.replace("column: t", "column: when"))
    with pytest.raises(BadFile, match="is not of the mine format"):
        uploads.announce(lake, path, adapter=str(elsewhere))
    with pytest.raises(Unknown, match="unknown adapter"):
        uploads.announce(lake, path, adapter="mine")
    (path.parent / "mine.mapping.yaml").write_text(MAPPING)
    assert uploads.announce(lake, path, adapter="mine").adapter == "mine"


def test_bars_that_got_lost_are_noticed(lake: Lake, tmp_path: Path) -> None:
    (upload,) = _ingest(lake, _file(tmp_path, "bars.csv", _line(0), _line(1), _line(5)))
    part = next(lake.path("uploads", upload, "parts").rglob("2020-01-01-0.parquet"))
    pl.read_parquet(part).head(0).write_parquet(part)
    with pytest.raises(AccountingError, match="1 rows were read, 0 are left"):
        account.summary(lake, upload)
