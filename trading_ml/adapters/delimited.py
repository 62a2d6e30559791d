"""Streams a declared text table into chunks of canonical rows, every line accounted for.

Blocks of lines are parsed typed and at full speed; a block in which anything is wrong is gone through again in
small pieces, and only the pieces at fault line by line. Two blocks are parsed at once, given out in file order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain

import polars as pl
import pyarrow as pa

from trading_ml.adapters.contract import QUARANTINE, SCHEMAS, WHERE_KNOWN, Chunk
from trading_ml.adapters.form import Form, Kind
from trading_ml.adapters.layout import BOM, Layout, count, fields, names
from trading_ml.adapters.raw import BLOCK, RawFile, cut
from trading_ml.adapters.salvage import BLANK, Fault, lines_of, salvage, text_of
from trading_ml.core.errors import BadFile

PIECE = 128 << 10
"""Bytes of a block at fault that are looked at line by line when something in them is wrong."""
_ROWS = 1 << 18
_WORKERS = 2


def read(file: RawFile, forms: Sequence[Form], symbol: str | None = None, block: int = BLOCK) -> Iterator[Chunk]:
    """The chunks of `file`, which must have the header of one of `forms`.

    Args:
        file: A raw text table with a header line.
        forms: What it may be; the first whose columns the header has is taken.
        symbol: Replaces the file's own symbol.
        block: Bytes parsed at a time; changes where chunks end, never what is in them.

    Raises:
        BadFile: when the header fits no form, the file breaks off, or it holds several symbols
            that `symbol` would make one.
    """
    blocks = file.blocks(block)
    line, newline, rest = next(blocks, b"").removeprefix(BOM).partition(b"\n")
    layout = _layout(file, forms, line.removesuffix(b"\r"))
    renamed: set[str] = set()
    for chunk in chain.from_iterable(_ahead(_numbered(chain([rest] if newline and rest else [], blocks)), layout)):
        if symbol is None:
            yield chunk
            continue
        renamed.update(chunk.frame["symbol"].unique())
        if len(renamed) > 1:
            few = ", ".join(sorted(renamed)[:3])
            raise BadFile(file.path, f"holds several symbols ({few})", f"leave out the symbol {symbol}")
        yield chunk._replace(frame=chunk.frame.with_columns(symbol=pl.lit(symbol)))


def first_line(head: bytes) -> dict[str, str]:
    r"""Header names and the cells below them, from the beginning of a text table: what recognising it needs.

    Example:
        >>> first_line(b"#RIC,Price\nABF.L,1995.5\n")
        {'RIC': 'ABF.L', 'Price': '1995.5'}
    """
    lines = [line.removesuffix(b"\r") for line in head.removeprefix(BOM).split(b"\n", 2)[:2]]
    header, cells = names(lines[0]), fields(lines[1]) if len(lines) > 1 else []
    return dict(zip(header, cells + [""] * len(header), strict=False))


def _layout(file: RawFile, forms: Sequence[Form], line: bytes) -> Layout:
    header = names(line)
    for form in forms:
        if form.fits(header):
            twice = [name for name in dict.fromkeys(header) if header.count(name) > 1]
            if known := [column.name for column in form.columns if column.name in twice]:
                raise BadFile(file.path, f"has several columns called '{known[0]}'", "rename all but one")
            return Layout(form, line)
    lacking = min(([name for name in form.required if name not in header] for form in forms), key=len)
    problem = f"has no column {', '.join(map(repr, lacking))}" if lacking else "has no columns of prices"
    raise BadFile(file.path, problem, f"its first line is '{text_of(line)[:120]}'")


def _numbered(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, int]]:
    """Each block with the number of its first line; the header is line 1.

    A block of mostly empty lines is taken in pieces: rows cost more memory than the bytes they come from.
    """
    first = 2
    for block in blocks:
        for part in [block] if count(block) <= _ROWS else _pieces(block):
            yield part, first
            first += count(part)


def _pieces(block: bytes) -> Iterator[bytes]:
    return cut(block[at : at + PIECE] for at in range(0, len(block), PIECE))


def _ahead(blocks: Iterator[tuple[bytes, int]], layout: Layout) -> Iterator[list[Chunk]]:
    """Parse a few blocks ahead of the reader, in order: bounded memory, both cores busy."""
    pending: deque[Future[list[Chunk]]] = deque()
    with ThreadPoolExecutor(_WORKERS) as executor:
        for block, first in blocks:
            pending.append(executor.submit(_chunks, block, first, layout))
            if len(pending) > _WORKERS:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _chunks(block: bytes, first: int, layout: Layout) -> list[Chunk]:
    """One chunk for each kind of lines in a block; what is at fault goes with the first of them."""
    typed, faults = _typed(block, first, layout)
    typed, more = _without_faults(typed, block, first, layout)
    frames = [(kind, _canonical(typed.filter(kind.own()), kind)) for kind in layout.form.kinds]
    refused = pl.DataFrame(sorted(faults + more), schema=QUARANTINE, orient="row")
    chunks = []
    for kind, frame in [pair for pair in frames if pair[1].height] or frames[:1]:
        chunks.append(Chunk(kind.name, frame, refused, frame.height + refused.height))
        refused = refused.clear()
    return chunks


def _typed(block: bytes, first: int, layout: Layout) -> tuple[pl.DataFrame, list[Fault]]:
    """The lines of a block whose cells are what they must be, numbered, and the others."""
    table = layout.quick(block)
    if table is not None:
        return _frame(table, range(first, first + table.num_rows), layout), []
    frames, faults = [], []
    for piece in _pieces(block):
        table = layout.quick(piece)
        rows: Sequence[int] = range(first, first + count(piece))
        if table is None:
            table, rows, wrong = salvage(piece, first, layout)
            faults += wrong
        frames.append(_frame(table, rows, layout))
        first += count(piece)
    return pl.concat(frames), faults


def _frame(table: pa.Table, rows: Sequence[int], layout: Layout) -> pl.DataFrame:
    nothing = (pl.lit(None, column.type.polars).alias(column.name) for column in layout.absent)
    return pl.DataFrame(table).with_columns(pl.Series("row", rows, pl.UInt32), *nothing)


def _without_faults(typed: pl.DataFrame, block: bytes, first: int, layout: Layout) -> tuple[pl.DataFrame, list[Fault]]:
    """Set aside lines that are well typed but no tick: an empty price, an unknown word, not a finite number."""
    wrong = pl.any_horizontal(mask for mask, _ in layout.form.faults).fill_null(value=False)
    at_fault = typed.select(wrong.alias("wrong"))["wrong"]
    if not at_fault.any():
        return typed, []
    reason = pl.coalesce(pl.when(mask).then(text) for mask, text in layout.form.faults)
    found = typed.filter(at_fault).select("row", reason.alias("reason"))
    lines = lines_of(block)
    faults = []
    for row, why in found.iter_rows():
        line = lines[row - first]  # a blank one comes out of the parser as a line of empty cells
        faults.append(Fault(row, why if line.strip() else BLANK, text_of(line)))
    return typed.filter(~at_fault), faults


def _canonical(typed: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    given = {"row": pl.col("row"), **kind.frame}
    schema = SCHEMAS[kind.name]
    columns = [name for name in schema if name in given or name not in WHERE_KNOWN]
    return typed.select(given[name].cast(schema[name]).alias(name) for name in columns)
