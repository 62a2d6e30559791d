"""Raw files of the simulated exchange: the same bytes each time, a known number of bad rows, read like LSEG's."""

from __future__ import annotations

import gzip
from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from trading_ml.adapters import detect, lseg
from trading_ml.adapters.raw import RawFile, head
from trading_ml.adapters.simulated import ADAPTER, HEADER, MarketParams, Written, write

SMALL = MarketParams(start=date(2024, 1, 30), end=date(2024, 2, 3), symbols=("ALFA", "BETA"), trades_per_minute=4)


def changed(**fields: object) -> MarketParams:
    return MarketParams.model_validate(SMALL.model_dump() | fields)


def content(files: list[Written]) -> dict[str, bytes]:
    return {file.path.name: file.path.read_bytes() for file in files}


def lines(file: Written) -> list[str]:
    return gzip.decompress(file.path.read_bytes()).decode().splitlines()


def test_one_file_a_symbol_and_month(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    files = write(tmp_path, SMALL, lambda done, of: seen.append((done, of)))
    assert [file.path.name for file in files] == [
        "ALFA_2024-01.csv.gz", "ALFA_2024-02.csv.gz", "BETA_2024-01.csv.gz", "BETA_2024-02.csv.gz",
    ]  # fmt: skip
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert {path.name for path in tmp_path.iterdir()} == {file.path.name for file in files}


def test_same_parameters_same_bytes(tmp_path: Path) -> None:
    files = write(tmp_path / "a", SMALL)
    assert content(files) == content(write(tmp_path / "b", SMALL))
    assert content(files) != content(write(tmp_path / "c", changed(seed=8)))


def test_more_months_and_symbols_leave_the_others_as_they_were(tmp_path: Path) -> None:
    few = content(write(tmp_path / "few", SMALL))
    many = content(write(tmp_path / "many", changed(end=date(2024, 3, 8), symbols=("GAMA", "BETA", "ALFA"))))
    assert len(many) == 9
    assert {name for name in few if few[name] != many[name]} == {"ALFA_2024-02.csv.gz", "BETA_2024-02.csv.gz"}
    both = [gzip.decompress(folder["BETA_2024-02.csv.gz"]) for folder in (few, many)]
    assert both[1].startswith(both[0])


def test_files_that_are_there_are_left_alone_and_others_replaced(tmp_path: Path) -> None:
    first = write(tmp_path, SMALL)
    before = {file.path: file.path.stat().st_mtime_ns for file in first}
    assert write(tmp_path, SMALL) == first
    assert before == {file.path: file.path.stat().st_mtime_ns for file in first}
    whole = content(first)
    for file, left in zip(
        first, (b"", b"something else", gzip.compress(b"a,b\n"), first[3].path.read_bytes()[:80]), strict=True
    ):
        file.path.write_bytes(left)
    assert content(write(tmp_path, SMALL)) == whole
    assert content(write(tmp_path, changed(price=100))) != whole


def test_the_gzip_header_tells_no_time_and_no_name(tmp_path: Path) -> None:
    file = write(tmp_path, SMALL)[0]
    assert file.path.read_bytes()[:10] == b"\x1f\x8b\x08\x10\x00\x00\x00\x00\x00\xff"
    with pa.input_stream(str(file.path)) as stream:
        assert stream.read() == gzip.decompress(file.path.read_bytes())


def test_what_was_written_is_what_is_told(tmp_path: Path) -> None:
    params = changed(cancelled=0.02, corrected=0.01, off_market=0.03, bad_rows=7)
    for file in write(tmp_path, params):
        header, *rows = lines(file)
        assert header == HEADER
        assert len(rows) == file.rows
        cells = [row.split(",") for row in rows]
        defects = Counter(
            "broken off" if len(row) < 10 else "blank price" if not row[5] else "garbled stamp" if "?" in row[2] else ""
            for row in cells
        )
        days = file.bad_rows // 7
        assert defects == {
            "blank price": 3 * days,
            "garbled stamp": 2 * days,
            "broken off": 2 * days,
            "": file.rows - file.bad_rows,
        }
        good = [row for row in cells if len(row) == 10 and row[5] and "?" not in row[2]]
        marks = Counter(mark for row in good for mark in row[8].split(";"))
        assert marks["CAN[IRGCOND]"] == file.cancelled > 0
        assert marks["COR[IRGCOND]"] == file.corrected > 0
        assert marks["OFF[IRGCOND]"] == file.off_market > 0
        assert marks["ODD[IRGCOND]"] == sum(int(row[6]) < 100 for row in good) > 0
        assert all(row[:2] == [file.path.name[:4], "Simulated"] and row[4] == "Trade" for row in good)
        assert all(row[2].endswith("Z") and row[9][:12] == row[2][11:23] for row in good)


@pytest.mark.parametrize(("start", "offset"), [(date(2024, 3, 8), "-5"), (date(2024, 3, 11), "-4")])
def test_the_offset_follows_new_york(tmp_path: Path, start: date, offset: str) -> None:
    (file,) = write(tmp_path, changed(start=start, end=date(2024, 3, start.day + 1), symbols=("ALFA",)))
    rows = [row.split(",") for row in lines(file)[1:]]
    assert {row[3] for row in rows if len(row) == 10} == {offset}
    assert rows[0][2].startswith(f"{start}T{9 - int(offset)}:3")


def test_a_file_is_read_as_lseg_reads_and_known_for_what_it_is(tmp_path: Path) -> None:
    file = write(tmp_path, changed(bad_rows=5))[0]
    start = head(file.path)
    assert detect(file.path) == (ADAPTER, "its Domain is Simulated")
    assert ADAPTER.fits(start, file.path.name) == "its Domain is Simulated"
    assert lseg.fits(start, file.path.name) is None
    assert ADAPTER.fits(start.replace(b"Simulated", b"Market Price"), file.path.name) is None
    assert ADAPTER.fits(b"time,price\n1,2\n", "x.csv") is None
    chunks = list(ADAPTER.read(RawFile.of(file.path), None))
    assert sum(chunk.rows for chunk in chunks) == file.rows
    assert sum(chunk.quarantine.height for chunk in chunks) == file.bad_rows == 10
    raw = lines(file)
    for row, price, size, conditions in chunks[0].frame.select("row", "price", "size", "conditions").iter_rows():
        cells = raw[row - 1].split(",")
        assert (price, size, conditions or "") == (float(cells[5]), float(cells[6]), cells[8])
