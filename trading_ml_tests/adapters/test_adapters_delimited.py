"""The text-table engine against a reader of one line at a time, written with nothing but the standard library."""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time_ns

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trading_ml.adapters import delimited, problem
from trading_ml.adapters.contract import Chunk
from trading_ml.adapters.form import NUMBER, STAMP, TEXT, WHOLE, Column, Form, Kind
from trading_ml.adapters.raw import BLOCK, LINE, RawFile
from trading_ml.core.errors import BadFile

FORM = Form(
    columns=(
        Column("symbol", TEXT, filled=True),
        Column("time", STAMP, filled=True),
        Column("price", NUMBER),
        Column("size", NUMBER),
        Column("number", WHOLE, optional=True),
        Column("side", TEXT, optional=True, words=("buy", "sell")),
        Column("note", TEXT, optional=True),
    ),
    kinds=(
        Kind(
            "trades",
            needs=("price", "size"),
            frame={
                "symbol": pl.col("symbol"),
                "ts_event": pl.col("time"),
                "price": pl.col("price"),
                "size": pl.col("size"),
                "seq": pl.coalesce("number", "row"),
                "side": pl.col("side"),
                "conditions": pl.col("note"),
            },
        ),
    ),
)
HEADER = b"symbol,time,price,size,number,side,note"
LINES = [
    b"A,2024-03-01T09:00:00Z,10.5,100,1,buy,",
    b"A,2024-03-01T09:00:00.123456789+01,-10.25,0,2,,odd lot",
    b'"A","2024-03-01T09:00:00+09:00","1e3","7","3","sell","x, y"',
    b'B,2024-02-29 23:59:59.5-0530,.5,5.,,,"he said ""no"""',
    b"B,2024-12-31T00:00Z, 7\t,+3,-4,,\xc3\xa9",
]
Row = tuple[str, int, float, float, int, str | None, str | None]


def _read(tmp_path: Path, content: bytes, block: int = BLOCK, symbol: str | None = None) -> list[Chunk]:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    return list(delimited.read(RawFile(path, "0" * 64), (FORM,), symbol, block))


def _rows(chunks: Iterable[Chunk]) -> dict[int, Row]:
    rows = {}
    for chunk in chunks:
        for symbol, ts, price, size, seq, side, note, row in chunk.frame.with_columns(
            pl.col("ts_event").dt.epoch("ns")
        ).iter_rows():
            rows[row] = (symbol, ts, price, size, seq, side, note)
    return rows


def _refused(chunks: Iterable[Chunk]) -> dict[int, tuple[str, str]]:
    return {row: (why, text) for chunk in chunks for row, why, text in chunk.quarantine.iter_rows()}


def _reason(tmp_path: Path, line: bytes) -> str:
    """The reason a line is refused for, among sound ones."""
    chunks = _read(tmp_path, b"\n".join([HEADER, LINES[0], line, LINES[1]]) + b"\n")
    refused = _refused(chunks)
    assert set(_rows(chunks)) == {2, 4}
    assert list(refused) == [3]
    return refused[3][0]


# An independent reader of one line.

_STAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)", re.ASCII
)
_EARLIEST = int(datetime(1980, 1, 1, tzinfo=UTC).timestamp()) * 10**9
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def _moment(text: str) -> int | None:
    match = _STAMP.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    zone = match[8].replace(":", "")
    shift = 0 if zone == "Z" else int(zone[0] + "1") * (int(zone[1:3]) * 60 + int(zone[3:] or 0))
    if zone != "Z" and (int(zone[1:3]) > 23 or int(zone[3:] or 0) > 59):
        return None
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    if not 1678 <= year <= 2261:
        return None
    seconds = (local - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) - 60 * shift
    return seconds * 10**9 + int((match[7] or "").ljust(9, "0"))


def _number(text: str) -> float | None:
    text = text.strip(" \t")
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else None


def _expected(line: bytes, row: int) -> Row | None:
    """What a line says, or None when it is not a row."""
    line = line.removesuffix(b"\r")
    if any(mark in line for mark in (b"\0", b"\r", b"\xef\xbb\xbf")):
        return None
    try:
        cells = next(csv.reader([line.decode()], strict=True), [])
    except (csv.Error, UnicodeDecodeError):
        return None
    if len(cells) != 7:
        return None
    symbol, time, price, size, number, side, note = cells
    stamp, whole = _moment(time), re.fullmatch(r"-?\d{1,18}", number.strip(" \t"), re.ASCII)
    if not symbol or stamp is None or _number(price) is None or _number(size) is None or (number and not whole):
        return None
    if side not in ("", "buy", "sell"):
        return None
    traded = _number(size)
    if traded is None or traded < 0 or not _EARLIEST <= stamp <= time_ns() + 24 * 3600 * 10**9:
        return None
    return symbol, stamp, _number(price), traded, int(number) if number else row, side or None, note or None


_NOISE = [mark.encode() for mark in [*',"\r\0 \t-+.e09Z:xT\\', '""', "nan", "inf", ""]]
_NOISE += [b"\xff", b"\xe9", b"\xef\xbb\xbf"]


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    line = draw(st.sampled_from(LINES))
    for _ in range(draw(st.integers(0, 3))):
        at, kept = draw(st.integers(0, len(line))), draw(st.integers(0, 3))
        line = line[:at] + draw(st.sampled_from(_NOISE)) + line[at + kept :]
    return line


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(_mutated(), min_size=1, max_size=12), st.sampled_from([64, 300, BLOCK]), st.sampled_from([b"\n", b"\r\n"])
)
@example([b"A,2094-03-01T09:00:00Z,1,1,1,,", b"A,1974-03-01T09:00:00Z,1,1,1,,", LINES[0]], BLOCK, b"\n")
@example([b'A,2024-03-01T09:00:00Z,1,"', b'",2,1,buy,'], BLOCK, b"\n")
@example([b'A,2024-03-01T09:00:00Z,1,2,1,buy,"x', LINES[0] + b"\r" + LINES[0], b'"'], BLOCK, b"\n")
def test_mutated_lines_are_kept_or_refused_each_on_its_own(
    tmp_path: Path, lines: list[bytes], block: int, end: bytes
) -> None:
    chunks = _read(tmp_path, end.join([HEADER, *lines]) + end, block)
    wanted = {row: _expected(line + end[:-1], row) for row, line in enumerate(lines, start=2)}
    assert _rows(chunks) == {row: values for row, values in wanted.items() if values}
    assert set(_refused(chunks)) == {row for row, values in wanted.items() if not values}
    assert sum(chunk.rows for chunk in chunks) == len(lines)
    assert all(chunk.rows == chunk.frame.height + chunk.quarantine.height for chunk in chunks)


def test_fast_path_and_salvage_agree_on_a_large_block(tmp_path: Path) -> None:
    sound = [LINES[number % len(LINES)] for number in range(30_000)]
    spoilt = list(sound)
    for number in range(100, len(spoilt), 1_000):
        spoilt[number] = b"A,never,1,1,1,,"
    clean = _rows(_read(tmp_path, b"\n".join([HEADER, *sound])))
    chunks = _read(tmp_path, b"\n".join([HEADER, *spoilt]))
    bad = {number + 2 for number in range(100, len(spoilt), 1_000)}
    assert _rows(chunks) == {row: values for row, values in clean.items() if row not in bad}
    assert set(_refused(chunks)) == bad
    assert len(clean) == len(sound)


REASONS = {
    b"A,2024-03-01T09:00:00Z,10.5,100,1,buy": "not the 7 columns of the table: 6",
    b"A,2024-03-01T09:00:00Z,10.5,100,1,buy,,": "not the 7 columns of the table: 8",
    b'A,"2024-03-01T09:00:00Z","10,5",100,1': "not the 7 columns of the table: 5",
    b"": "blank line",
    b" \t": "blank line",
    HEADER: "header repeated",
    b"A,2024-03-01T09:00:00Z,1\0,1,1,,": "NUL byte inside the line",
    b"A,2024-03-01T09:00:00Z,1,1,1,,\ra": "carriage return inside the line",
    b"\xef\xbb\xbfA,2024-03-01T09:00:00Z,1,1,1,,": "byte order mark inside the line",
    b"A,2024-03-01T09:00:00Z,1,1,1,,caf\xe9": "invalid UTF-8",
    b'A,2024-03-01T09:00:00Z,1,1,1,,"open': "bad quoting",
    b'A,2024-03-01T09:00:00Z,"1"1,1,1,,': "bad quoting",
    b"A,2024-03-01T09:00:00,1,1,1,,": "time has no offset: '2024-03-01T09:00:00'",
    b"A,2024-02-30T09:00:00Z,1,1,1,,": "time is not a time with an offset: '2024-02-30T09:00:00Z'",
    b"A,,1,1,1,,": "time is empty",
    b",2024-03-01T09:00:00Z,1,1,1,,": "symbol is empty",
    b"A,2024-03-01T09:00:00Z,n/a,1,1,,": "price is not a number: 'n/a'",
    b"A,2024-03-01T09:00:00Z,1,,1,,": "size is empty",
    b"A,2024-03-01T09:00:00Z,1,NaN,1,,": "size is not finite: NaN",
    b"A,2024-03-01T09:00:00Z,1e999,1,1,,": "price is not finite: inf",
    b"A,2024-03-01T09:00:00Z,1,1,1.5,,": "number is not a whole number: '1.5'",
    b"A,2024-03-01T09:00:00Z,1,1,1,BUY,": "side is not one of buy, sell: 'BUY'",
    b"A,2024-03-01T09:00:00Z,1,1,1,," + b"x" * LINE: "line longer than 1 MiB",
    b"A,2024-03-01T09:00:00Z," + b"z" * 99 + b",1,1,,": f"price is not a number: '{'z' * 40}'",
}


@pytest.mark.parametrize(("line", "reason"), REASONS.items(), ids=REASONS.values())
def test_a_refused_line_says_why(tmp_path: Path, line: bytes, reason: str) -> None:
    assert _reason(tmp_path, line) == reason


def test_refused_lines_keep_their_text_and_are_counted_by_problem(tmp_path: Path) -> None:
    chunks = _read(
        tmp_path, b"\n".join([HEADER, b"A,2024-03-01T09:00:00Z,q1,1,1,,\xff", b"A,,q1,1,1,,", b"A,,q2,1,1,,"])
    )
    quarantine = pl.concat(chunk.quarantine for chunk in chunks)
    assert quarantine["text"].to_list() == ["A,2024-03-01T09:00:00Z,q1,1,1,,\\xff", "A,,q1,1,1,,", "A,,q2,1,1,,"]
    assert quarantine.select(problem())["reason"].to_list() == [
        "invalid UTF-8", "price is not a number", "price is not a number",
    ]  # fmt: skip


def test_columns_are_found_by_name_in_any_order_behind_a_byte_order_mark(tmp_path: Path) -> None:
    want = {2: ("A", 1_709_283_600_000_000_000, 10.5, 100.0, 2, None, None)}
    table = b'\xef\xbb\xbf#size,,"time",price,,symbol\r\n100,?,2024-03-01T09:00:00Z,10.5,,A\r\n'
    assert _rows(_read(tmp_path, table)) == want


def test_rows_are_the_lines_of_the_file(tmp_path: Path) -> None:
    lines = [b"A,2024-03-01T09:00:00Z,%d,1,,," % price for price in range(500)]
    content = b"\n".join([HEADER, *lines])
    for row, values in _rows(_read(tmp_path, content, block=777)).items():
        assert content.split(b"\n")[row - 1].split(b",")[2] == b"%d" % values[2]


@pytest.mark.parametrize("content", [HEADER, HEADER + b"\n", HEADER + b"\r\n"])
def test_a_header_alone_is_a_table_without_rows(tmp_path: Path, content: bytes) -> None:
    assert _read(tmp_path, content) == []


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"symbol,price,size,time2", "has no column 'time'; its first line is 'symbol,price,size,time2'"),
        (b"symbol,time,price,size,price", "has several columns called 'price'"),
        (b"\0\0\0", "has no column"),
        (b'"', "has no column"),
        (b"x" * 3 * LINE, "has no column"),
    ],
)
def test_a_file_of_another_header_is_refused(tmp_path: Path, header: bytes, said: str) -> None:
    with pytest.raises(BadFile, match=re.escape(said)):
        _read(tmp_path, header + b"\n" + LINES[0])


def test_a_symbol_given_replaces_the_one_in_the_file_but_never_merges_two(tmp_path: Path) -> None:
    one, two = [HEADER, LINES[0], LINES[1]], [HEADER, LINES[0], LINES[3]]
    assert {values[0] for values in _rows(_read(tmp_path, b"\n".join(one), symbol="Z")).values()} == {"Z"}
    with pytest.raises(BadFile, match=r"holds several symbols \(A, B\)"):
        _read(tmp_path, b"\n".join(two), symbol="Z")


def test_where_blocks_are_cut_changes_nothing(tmp_path: Path) -> None:
    content = b"\n".join([HEADER, *itertools.islice(itertools.cycle([*LINES, b"", b"A,,1"]), 400)])
    whole = _read(tmp_path, content)
    for block in (1, 50, 1000):
        parts = _read(tmp_path, content, block)
        assert _rows(parts) == _rows(whole)
        assert _refused(parts) == _refused(whole)


def test_a_flood_of_empty_lines_is_counted_to_the_last(tmp_path: Path) -> None:
    flood = 600_000
    chunks = _read(tmp_path, HEADER + b"\n" * flood + LINES[0])
    assert sum(chunk.rows for chunk in chunks) == flood
    assert list(_rows(chunks)) == [flood + 1]
    assert max(chunk.rows for chunk in chunks) < flood / 2
