"""Tables that come with their types, Parquet and Feather (Arrow IPC): the same forms and accounts as for text.

`row` is the 1-based number of a row; the quarantine holds rows as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from trading_ml.adapters import raw
from trading_ml.adapters.contract import QUARANTINE, Chunk
from trading_ml.adapters.delimited import by_kind, framed, renamed, sound
from trading_ml.adapters.form import EXACT, LOCAL, NUMBER, SHOWN, STAMP, TEXT, WHOLE, Form, Type
from trading_ml.adapters.layout import Layout
from trading_ml.adapters.raw import RawFile
from trading_ml.adapters.salvage import Fault
from trading_ml.core.errors import BadFile

ROWS = 1 << 17
"""Rows read at a time."""
_MAGIC = (b"PAR1", b"ARROW1")
_HEAD = b"ARROW SCHEMA "


def head(path: Path) -> bytes:
    """What tells the format of a file: its first bytes decompressed, or the schema of one that has a schema.

    Raises:
        BadFile: as `raw.head`, or when the schema cannot be read.
    """
    raw.check(path)
    if not is_columnar(path):
        return raw.head(path)
    with _named(path):
        return _HEAD + _schema(path).remove_metadata().serialize().to_pybytes()


def is_columnar(path: Path) -> bool:
    """Whether a file is Parquet or Feather, whatever it is called."""
    with path.open("rb") as file:
        return file.read(6).startswith(_MAGIC)


def types(start: bytes) -> Mapping[str, pa.DataType] | None:
    """Columns and their types, from what `head` gave; None for text."""
    if not start.startswith(_HEAD):
        return None
    return _types(pa.ipc.read_schema(pa.py_buffer(start[len(_HEAD) :])))


def fits(given: Mapping[str, pa.DataType], form: Form) -> bool:
    """Whether a table of such columns is of a form: all it requires, each of a type that can hold what it must."""
    known = [column for column in form.columns if column.name in given]
    return form.fits(given) and all(_HOLDS[column.type](given[column.name]) for column in known)


def read(file: RawFile, forms: Sequence[Form], symbol: str | None = None, rows: int = ROWS) -> Iterator[Chunk]:
    """The chunks of `file`, whose schema must be that of one of `forms`.

    Raises:
        BadFile: when it fits no form or breaks off, or holds several symbols that `symbol` would make one.
    """
    with _named(file.path):
        given = _types(_schema(file.path))
    form = next((form for form in forms if fits(given, form)), None)
    if form is None:
        told = ", ".join(f"{name} ({kind})" for name, kind in given.items())[:200]
        raise BadFile(file.path, "has not the columns it should have", f"it has {told}")
    return renamed(file, _chunks(file, form, rows), symbol)


def first(path: Path, form: Form) -> pl.DataFrame | None:
    """The first rows of a table, typed; None where it has none."""
    with _named(path):
        return next((_typed(batch, 1, form)[0] for batch in _batches(path, ROWS)), None)


def _chunks(file: RawFile, form: Form, rows: int) -> Iterator[Chunk]:
    number = 1
    for batch in _batches(file.path, rows):
        with _named(file.path):
            typed, faults = _typed(batch, number, form)
            typed, found = sound(typed, form.faults)
            faults += [Fault(row, why, _json(batch, row - number)) for row, why in found.iter_rows()]
            made = by_kind(typed, pl.DataFrame(sorted(faults), QUARANTINE, orient="row"), form)
        yield from made
        number += batch.num_rows


def _typed(batch: pa.RecordBatch, number: int, form: Form) -> tuple[pl.DataFrame, list[Fault]]:
    """The rows of a batch whose cells are what they must be, numbered, and the others."""
    cells = pl.DataFrame(pl.from_arrow(batch))
    known = [column for column in form.columns if column.name in cells.columns]
    table = pl.DataFrame({column.name: _cast(cells[column.name], column.type) for column in known})
    numbers = range(number, number + batch.num_rows)
    faults: dict[int, Fault] = {}
    for column in known:
        lost = table[column.name].is_null() & cells[column.name].is_not_null()
        for at in lost.arg_true():
            shown = str(_plain(batch.column(column.name)[at]))[:SHOWN]
            why = f"{column.name} is not {column.type.expected}: '{shown}'"
            faults.setdefault(numbers[at], Fault(numbers[at], why, _json(batch, at)))
    whole = framed(table, numbers, Layout(form, b"", tuple(cells.columns)))
    return whole.filter(~pl.col("row").is_in(list(faults))) if faults else whole, list(faults.values())


def _cast(cells: pl.Series, kind: Type) -> pl.Series:
    """Cells as a type; null where they are not of it."""
    if isinstance(cells.dtype, pl.Categorical | pl.Enum):
        cells = cells.cast(pl.String)
    if isinstance(cells.dtype, pl.Datetime):
        if cells.dtype.time_zone:
            cells = cells.dt.convert_time_zone("UTC")
        known = cells.dt.year().is_between(1678, 2261)  # what nanoseconds can say
        cells = pl.select(pl.when(known).then(cells)).to_series()
    return cells.cast(kind.polars, strict=False)


def _json(batch: pa.RecordBatch, at: int) -> str:
    row = {name: _plain(batch.column(name)[at]) for name in batch.schema.names}
    return json.dumps(row, default=str, ensure_ascii=False)


def _plain(cell: pa.Scalar) -> Any:
    """A cell as a Python value; a time beyond Python's as its number."""
    try:
        return cell.as_py()
    except (ValueError, OverflowError):
        return getattr(cell, "value", None)


def _types(schema: pa.Schema) -> Mapping[str, pa.DataType]:
    """Type of each column; of words kept in a dictionary, that of the words."""
    kinds = {field.name: field.type for field in schema}
    return {name: kind.value_type if pa.types.is_dictionary(kind) else kind for name, kind in kinds.items()}


def _schema(path: Path) -> pa.Schema:
    with path.open("rb") as file:
        schema = pq.read_schema(file) if file.peek(4).startswith(b"PAR1") else pa.ipc.open_file(file).schema
    for field in schema:
        _ = field.name, getattr(field.type, "tz", None)  # must be text, or this is a ValueError
    return schema


def _batches(path: Path, rows: int) -> Iterator[pa.RecordBatch]:
    with _named(path), path.open("rb") as file:
        if file.peek(4).startswith(b"PAR1"):
            yield from map(_checked, pq.ParquetFile(file).iter_batches(rows, use_threads=False))
            return
        with pa.ipc.open_file(file) as table:
            for number in range(table.num_record_batches):
                batch = _checked(table.get_batch(number))
                for start in range(0, batch.num_rows, rows):
                    yield batch.slice(start, rows)


def _checked(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch whose content can be trusted, without notes of whoever wrote it: Polars trusts both."""
    batch.validate(full=True)
    return pa.RecordBatch.from_arrays(batch.columns, names=batch.schema.names)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Whatever goes wrong while reading a file names it."""
    try:
        yield
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError, ValueError) as cause:
        said = " ".join(str(cause).split())[:120]
        raise BadFile(path, f"is truncated or corrupt ({said})", "fetch it again") from cause


def _is_stamp(kind: pa.DataType) -> bool:
    return pa.types.is_timestamp(kind) and kind.tz is not None


def _is_local(kind: pa.DataType) -> bool:
    return pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is None)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _is_word(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


_HOLDS: Mapping[Type, Callable[[Any], bool]] = {
    STAMP: _is_stamp,
    LOCAL: _is_local,
    EXACT: _is_number,
    NUMBER: lambda kind: _is_number(kind) or _is_word(kind),
    WHOLE: lambda kind: pa.types.is_integer(kind) or _is_word(kind),
    TEXT: lambda kind: not pa.types.is_nested(kind) and not pa.types.is_binary(kind),
}
