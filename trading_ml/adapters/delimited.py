"""Streams a declared text table into chunks of canonical rows, every line accounted for.

Blocks of lines are parsed typed and at full speed; a block in which anything is wrong is gone through again in
small pieces, and only the pieces at fault line by line. Two blocks are parsed at once, given out in file order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from trading_ml.adapters.contract import BARS, QUARANTINE, Chunk, interval_of, known_of, schema_of
from trading_ml.adapters.form import Fault as Unfit
from trading_ml.adapters.form import Form, Kind
from trading_ml.adapters.layout import BOM, Layout, count, fields, names
from trading_ml.adapters.raw import BLOCK, RawFile, cut
from trading_ml.adapters.salvage import BLANK, Fault, salvage, text_of
from trading_ml.core.errors import BadFile

PIECE = 128 << 10
"""Bytes of a block at fault that are looked at line by line when something in them is wrong."""
SAMPLE = 100
"""Lines that are looked at to recognise a table."""
_ROWS = 1 << 18
_NEWLINE = ord("\n")
_WORKERS = 2


def read(file: RawFile, forms: Sequence[Form], symbol: str | None = None, block: int = BLOCK) -> Iterator[Chunk]:
    """The chunks of `file`, which must have the header of one of `forms`.

    Args:
        file: A raw text table.
        forms: What it may be; the first whose header the file has, or whose width where it has none, is taken.
        symbol: Replaces the file's own symbol.
        block: Bytes parsed at a time; changes where chunks end, never what is in them.

    Raises:
        BadFile: when the header fits no form, the file breaks off, or it holds several symbols
            that `symbol` would make one.
    """
    blocks = file.blocks(block)
    layout, first = _opened(file, forms, next(blocks, b"").removeprefix(BOM))
    rest = chain([first] if first else [], blocks)
    return renamed(file, chunks(rest, layout, 2 if layout.line else 1, file.after), symbol)


def chunks(blocks: Iterator[bytes], layout: Layout, first: int, after: int = 0) -> Iterator[Chunk]:
    """The chunks of `blocks`, lines of the layout's columns of which the first has number `first` in its file.

    Chunks that end by line `after` may be left out.
    """
    return chain.from_iterable(_ahead(numbered(blocks, first, after), layout))


def renamed(file: RawFile, found: Iterator[Chunk], symbol: str | None) -> Iterator[Chunk]:
    """The chunks of a file with their symbol replaced by the one given, if any.

    Raises:
        BadFile: when there are several symbols that `symbol` would make one.
    """
    before: set[str] = set()
    for chunk in found:
        if symbol is None:
            yield chunk
            continue
        before.update(chunk.frame["symbol"].unique())
        if len(before) > 1:
            few = ", ".join(sorted(before)[:3])
            raise BadFile(file.path, f"holds several symbols ({few})", f"leave out the symbol {symbol}")
        yield chunk._replace(frame=chunk.frame.with_columns(symbol=pl.lit(symbol)))


class Sample(NamedTuple):
    """The first lines of a table: which of them are rows of a form, how many there are, and whether a header led."""

    frame: pl.DataFrame
    lines: int
    headed: bool


def sample(head: bytes, form: Form) -> Sample | None:
    r"""Read the beginning of a table; None if it is not of this form.

    Example:
        >>> from trading_ml.adapters.form import NUMBER, Column
        >>> form = Form((Column("price", NUMBER, filled=True),), (Kind("trades", {}),))
        >>> found = sample(b"time,price\n1,9.5\n2,x\n", form)
        >>> found.frame["price"].to_list(), found.lines, found.headed
        ([9.5], 2, True)
    """
    lines = head.removeprefix(BOM).split(b"\n")
    lines = lines[:-1] or lines  # the last one may be cut off
    layout = _layout(lines, form)
    if layout is None:
        return None
    lines = lines[bool(layout.line) :][:SAMPLE]
    read = salvage(b"".join(line + b"\n" for line in lines), 1, layout)[:2] if lines else (layout.read(b""), [])
    return Sample(sound(framed(*read, layout), form.faults)[0], len(lines), bool(layout.line))


def first_line(head: bytes, delimiter: str = ",") -> dict[str, str]:
    r"""Header names and the cells below them, from the beginning of a text table: what recognising it needs.

    Example:
        >>> first_line(b"#RIC,Price\nABF.L,1995.5\n")
        {'RIC': 'ABF.L', 'Price': '1995.5'}
    """
    lines = [line.removesuffix(b"\r") for line in head.removeprefix(BOM).split(b"\n", 2)[:2]]
    header, cells = names(lines[0], delimiter), fields(lines[1], delimiter) if len(lines) > 1 else []
    return dict(zip(header, cells + [""] * len(header), strict=False))


def _opened(file: RawFile, forms: Sequence[Form], block: bytes) -> tuple[Layout, bytes]:
    """The first form that can be laid over the file, and the rows in the file's first block."""
    lines = block.split(b"\n", SAMPLE)
    layout = next((layout for form in forms if (layout := _layout(lines, form))), None)
    if layout is None:
        given = [(form, names(lines[0], form.delimiter)) for form in forms]
        lacking = min(([name for name in form.required if name not in header] for form, header in given), key=len)
        problem = f"has no column {', '.join(map(repr, lacking))}" if lacking else "has no columns of prices"
        raise BadFile(file.path, problem, f"its first line is '{text_of(lines[0])[:120]}'")
    twice = [name for name in dict.fromkeys(layout.header) if layout.header.count(name) > 1]
    if known := [column.name for column in layout.form.columns if column.name in twice]:
        raise BadFile(file.path, f"has several columns called '{known[0]}'", "rename all but one")
    return layout, block.partition(b"\n")[2] if layout.line else block


def _layout(lines: Sequence[bytes], form: Form) -> Layout | None:
    """A form over lines that begin with its header, or half of which have the width it has without one."""
    line = lines[0].removesuffix(b"\r")
    if form.fits(names(line, form.delimiter)):
        return Layout(form, line)
    widths = [len(fields(line, form.delimiter)) for line in lines[:SAMPLE] if line.strip()]
    enough = form.order and widths and 2 * widths.count(len(form.order)) >= len(widths)
    return Layout(form, b"", form.order) if enough else None


class Lines(NamedTuple):
    """Some lines of a file, the number of the first of them, and how many there are."""

    text: bytes
    first: int
    many: int


def numbered(blocks: Iterator[bytes], first: int, after: int = 0) -> Iterator[Lines]:
    """Each block that ends behind line `after`, with the number of its first line, that of the first being `first`.

    A block of mostly empty lines is taken in pieces: rows cost more memory than the bytes they come from.
    """
    for block in blocks:
        many = count(block)
        for lines in [Lines(block, first, many)] if many <= _ROWS else _pieces(block, first):
            first = lines.first + lines.many
            if first > after + 1:
                yield lines


def _pieces(block: bytes, first: int) -> Iterator[Lines]:
    for piece in cut(block[at : at + PIECE] for at in range(0, len(block), PIECE)):
        lines = Lines(piece, first, count(piece))
        first += lines.many
        yield lines


def _ahead(blocks: Iterator[Lines], layout: Layout) -> Iterator[list[Chunk]]:
    """Parse a few blocks ahead of the reader, in order: bounded memory, both cores busy."""
    pending: deque[Future[list[Chunk]]] = deque()
    unfit = layout.form.faults  # made once: for small blocks that costs more than to apply them
    with ThreadPoolExecutor(_WORKERS) as executor:
        for block in blocks:
            pending.append(executor.submit(_chunks, block, layout, unfit))
            if len(pending) > _WORKERS:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _chunks(block: Lines, layout: Layout, unfit: Sequence[Unfit]) -> list[Chunk]:
    """What is in a block."""
    typed, faults = _typed(block, layout)
    typed, found = sound(typed, unfit)
    refused = pl.DataFrame(faults, QUARANTINE, orient="row")
    if found.height:
        refused = pl.concat([refused, _told(found, block)]).sort("row")
    return by_kind(typed, refused, layout.form)


def _told(found: pl.DataFrame, block: Lines) -> pl.DataFrame:
    """Rows at fault (row, reason) with the lines they are, which are many where a log tells of orders too."""
    readable = block.text.decode("utf-8", "backslashreplace").encode()
    ends = np.flatnonzero(np.frombuffer(readable, np.uint8) == _NEWLINE) + 1
    bounds = np.unique(np.concatenate(([0], ends, [len(readable)])))
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(readable)]
    lines = pl.Series(pl.from_arrow(pa.Array.from_buffers(pa.large_string(), block.many, buffers)))
    text = lines.gather(found["row"] - block.first).str.strip_suffix("\n").str.strip_suffix("\r").alias("text")
    blank = text.str.strip_chars(" \t\r\v\f") == ""  # such a line comes out of the parser as one of empty cells
    return found.with_columns(pl.when(blank).then(pl.lit(BLANK)).otherwise("reason").alias("reason"), text)


def by_kind(typed: pl.DataFrame, refused: pl.DataFrame, form: Form) -> list[Chunk]:
    """One chunk for each kind of rows; what is refused (sorted by row) goes with the first of them."""
    frames = [(kind, canonical(_of(typed, kind), kind)) for kind in form.kinds]
    made = []
    for kind, frame in [pair for pair in frames if pair[1].height] or frames[:1]:
        made.append(Chunk(kind.name, frame, refused, frame.height + refused.height, last=False))
        refused = refused.clear()
    return [*made[:-1], made[-1]._replace(last=True)]


def _of(typed: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """The rows of a kind; mostly all are, and then nothing is copied."""
    if kind.when is None:
        return typed
    own = typed.select(kind.when).to_series()
    return typed if own.sum() == typed.height else typed.filter(own)


def _typed(block: Lines, layout: Layout) -> tuple[pl.DataFrame, list[Fault]]:
    """The lines of a block whose cells are what they must be, numbered, and the others."""
    table = layout.quick(block.text, block.many)
    if table is not None:
        return framed(table, range(block.first, block.first + block.many), layout), []
    frames, faults = [], []
    for piece in _pieces(block.text, block.first):
        table = layout.quick(piece.text, piece.many)
        rows: Sequence[int] = range(piece.first, piece.first + piece.many)
        if table is None:
            table, rows, wrong = salvage(piece.text, piece.first, layout)
            faults += wrong
        frames.append(framed(table, rows, layout))
    return pl.concat(frames), faults


def framed(table: pa.Table | pl.DataFrame, rows: Sequence[int], layout: Layout) -> pl.DataFrame:
    """Typed rows with their numbers, the columns the file does without, and those derived from the others."""
    nothing = (pl.lit(None, column.type.polars).alias(column.name) for column in layout.absent)
    typed = pl.DataFrame(table)
    typed.columns = [column.name for column in layout.columns]  # polars would rename one without a name
    return typed.with_columns(pl.Series("row", rows, pl.UInt32), *nothing).with_columns(**layout.form.derived)


def sound(typed: pl.DataFrame, unfit: Sequence[Unfit]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tell rows from what is well typed but no row: an empty price, an unknown word, not a finite number.

    Args:
        typed: Lines, numbered.
        unfit: The `faults` of their form.

    Returns:
        The rows, and of the others row and reason.
    """
    wrong = pl.any_horizontal(mask for mask, _ in unfit).fill_null(value=False)
    at_fault = typed.select(wrong.alias("wrong"))["wrong"]
    if not at_fault.any():
        return typed, pl.DataFrame(schema={"row": pl.UInt32, "reason": pl.String})
    reason = pl.coalesce(pl.when(mask).then(text) for mask, text in unfit)
    found = typed.filter(at_fault).select("row", reason.alias("reason"))
    return typed.filter(~at_fault), found


def canonical(typed: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Typed lines of one kind in its canonical columns."""
    given = {"row": pl.col("row"), **kind.frame}
    if kind.name.startswith(BARS):
        given.setdefault("ts_close", kind.frame["ts_event"] + pl.duration(nanoseconds=interval_of(kind.name)))
    schema, optional = schema_of(kind.name), known_of(kind.name)
    columns = [given[name].cast(schema[name]).alias(name) for name in schema if name in given or name not in optional]
    own = [given[name].cast(pl.Float64).alias(name) for name in sorted(given.keys() - schema.keys())]
    return typed.select(*columns, *own)
