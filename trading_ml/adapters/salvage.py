"""Reading a piece of a text table in which something is wrong: find the lines at fault, say why, keep all others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import compress
from typing import NamedTuple, cast

import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv

from trading_ml.adapters.form import EXACT, NUMBER, SHOWN, STAMP, WHOLE, Type
from trading_ml.adapters.layout import BOM, Layout
from trading_ml.adapters.raw import LINE

BLANK = "blank line"
_MARKS = {b"\0": "NUL byte", b"\r": "carriage return", BOM: "byte order mark"}


class Fault(NamedTuple):
    """One line that is no row: its number in the file, why, and the line itself."""

    row: int
    reason: str
    text: str


def salvage(piece: bytes, first: int, layout: Layout) -> tuple[pa.Table, list[int], list[Fault]]:
    """Read what can be read of a piece whose first line has number `first`.

    Each line is judged by itself, and each cell by the parser of the fast path, so a line is kept or refused
    whatever stands around it.

    Returns:
        The typed lines, their numbers in the file, and the lines at fault.
    """
    lines = lines_of(piece)
    reasons = [_shape(line, layout) for line in lines]
    shapely = [at for at, reason in enumerate(reasons) if reason is None]
    for position, reason in _misfits([lines[at] for at in shapely], layout):
        reasons[shapely[position]] = reasons[shapely[position]] or reason
    sound = [reason is None for reason in reasons]
    rows = list(compress(range(first, first + len(lines)), sound))
    faults = [Fault(first + at, why, text_of(lines[at])) for at, why in enumerate(reasons) if why is not None]
    return layout.read(_joined(compress(lines, sound))), rows, faults


def lines_of(piece: bytes) -> list[bytes]:
    """The lines of a piece, without their newlines."""
    return piece.removesuffix(b"\n").split(b"\n")


def text_of(line: bytes) -> str:
    """A raw line as text in which bytes that are no UTF-8 show as escapes; of a too long line its beginning."""
    return line[:LINE].removesuffix(b"\r").decode("utf-8", "backslashreplace")


def _joined(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _shape(line: bytes, layout: Layout) -> str | None:
    """What is wrong with a line before its cells are looked at."""
    if layout.plain_pattern.fullmatch(line) and len(line) <= LINE and line.rstrip() != layout.line:
        return None
    if len(line) > LINE:
        return f"line longer than {LINE >> 20} MiB"
    line = line.removesuffix(b"\r")
    if not line.strip():
        return BLANK
    if line == layout.line:
        return "header repeated"
    for mark, name in _MARKS.items():
        if mark in line:
            return f"{name} inside the line"
    if not _is_utf8(line):
        return "invalid UTF-8"
    if layout.pattern.fullmatch(line):
        return None
    if not layout.quoted_pattern.fullmatch(line):
        return "bad quoting"
    return f"not the {len(layout.header)} columns of the table: {layout.fields_of(line)}"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _misfits(lines: list[bytes], layout: Layout) -> Iterator[tuple[int, str]]:
    """Position and reason of every cell that is not what its column must hold."""
    cells = layout.read(_joined(lines), as_text=True)
    for column in layout.columns:
        if _is_readable(cells[column.name], column.type.arrow):
            continue
        texts = cast(pl.Series, pl.from_arrow(cells[column.name]))
        if column.type in (NUMBER, WHOLE, EXACT):  # blanks around a number are no fault on the fast path either
            texts = texts.str.strip_chars(" \t")
        outlined = texts.str.contains(column.type.outline)
        distinct = texts.filter(outlined).unique().to_arrow(compat_level=pl.CompatLevel.oldest())
        wrong = ~outlined | texts.is_in(_unreadable(distinct, column.type.arrow))
        for position in wrong.arg_true():
            yield position, _reason(column.name, column.type, texts[position])


def _is_readable(cells: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> bool:
    try:
        if pa.types.is_decimal(kind):  # a cast takes more digits than the parser does
            return _parsed(cells, kind) == len(cells)
        cells.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _parsed(cells: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> int:
    """How many lines the parser makes of as many cells."""
    lines = "".join(f'"{cell or ""}"\n' for cell in cells.to_pylist()).encode()
    if not lines:
        return 0
    read = pacsv.ReadOptions(use_threads=False, block_size=len(lines) + 1, column_names=["cell"])
    convert = pacsv.ConvertOptions(column_types={"cell": kind}, null_values=[""])
    return pacsv.read_csv(pa.py_buffer(lines), read, pacsv.ParseOptions(ignore_empty_lines=False), convert).num_rows


def _unreadable(cells: pa.Array, kind: pa.DataType) -> list[str]:
    """The cells that cannot become `kind`, found by halving: cheap when few are wrong, never quadratic."""
    if _is_readable(cells, kind):
        return []
    if len(cells) == 1:
        return cells.to_pylist()
    half = len(cells) // 2
    return _unreadable(cells.slice(0, half), kind) + _unreadable(cells.slice(half), kind)


def _reason(name: str, kind: Type, cell: str) -> str:
    shown = cell[:SHOWN]
    if kind is STAMP and _is_readable(pa.array([cell]), pa.timestamp("ns")):
        return f"{name} has no offset: '{shown}'"
    return f"{name} is not {kind.expected}: '{shown}'"
