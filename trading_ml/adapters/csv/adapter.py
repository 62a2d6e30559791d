"""An adapter made of a mapping: how its files are recognised, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePath

import polars as pl
import yaml

from trading_ml.adapters import columnar, delimited
from trading_ml.adapters.contract import Adapter, Chunk
from trading_ml.adapters.csv import mapping as mappings
from trading_ml.adapters.csv.clock import MOMENT
from trading_ml.adapters.csv.mapping import BarsMapping, Interval, MappingParams
from trading_ml.adapters.csv.table import Told, forms
from trading_ml.adapters.form import DIGITAL, Form
from trading_ml.adapters.raw import RawFile
from trading_ml.core.errors import BadFile
from trading_ml.core.time import nanoseconds


def adapter(mapping: MappingParams) -> Adapter:
    """The adapter that reads tables by `mapping`."""

    def fits(head: bytes, _name: str) -> str | None:
        return _why(mapping, head)

    def read(file: RawFile, symbol: str | None = None) -> Iterator[Chunk]:
        return _read(mapping, file, symbol)

    summary = mapping.summary or f"{mapping.kind} by a mapping of yours"
    return Adapter(mapping.name, summary, fits, read, mapping.origin, mapping)


@cache
def presets() -> tuple[Adapter, ...]:
    """Adapters of the known plain formats, one for each mapping in `presets/`."""
    folder = files("trading_ml.adapters").joinpath("presets")
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name)
    texts = {entry.name: _Loader(entry.read_text("utf-8")).get_single_data() for entry in found}
    return tuple(
        adapter(mappings.parse({"name": name.removesuffix(".yaml"), **text}, name)) for name, text in texts.items()
    )


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _why(mapping: MappingParams, head: bytes) -> str | None:
    """Why a file that begins with `head` is such a table, or None."""
    kinds = mapping.model_copy(update={"only": {}, "without": {}})  # rows of other kinds are rows of the format too
    tried = forms(kinds, _unnamed(kinds))
    schema = columnar.types(head)
    if schema is not None:
        fit = any(columnar.fits(schema, form) for form in tried)
        return f"its columns {', '.join(tried[0].required)} are those of {mapping.name}" if fit else None
    for form in tried:
        found = delimited.sample(head, form)
        if found is None:
            continue
        rows, lines = found.frame.height, found.lines
        if found.headed and (rows or not lines) and _in_order(mapping, head, form):
            return f"its header has {', '.join(form.required)}"
        if not found.headed and 2 * rows >= lines:
            return f"{rows} of its first {lines} lines read as {mapping.kind} of {len(mapping.header)} columns"
    return None


def _in_order(mapping: MappingParams, head: bytes, form: Form) -> bool:
    """Whether a header has its columns where they are known to be; two formats may call theirs alike."""
    given = list(delimited.first_line(head, form.delimiter))
    return not mapping.header or given == list(mapping.header)


def _read(mapping: MappingParams, file: RawFile, symbol: str | None) -> Iterator[Chunk]:
    reader = columnar.read if columnar.is_columnar(file.path) else delimited.read
    unnamed = _unnamed(mapping)
    first = [rows for form in forms(mapping, unnamed) if (rows := _first(file.path, form)) is not None]
    told = _told(mapping, file, symbol, first) if first else unnamed  # of another format, which the reader says best
    yield from reader(file, forms(mapping, told), None if told.symbol else symbol)


def _told(mapping: MappingParams, file: RawFile, symbol: str | None, first: list[pl.DataFrame]) -> Told:
    """What a file tells by its name, or by that of the one in a zip, and by its first rows.

    Raises:
        BadFile: when something that has to be known is told by neither.
    """
    name = PurePath(file.members[0]).name
    own = None if mapping.symbol.column is not None else symbol or mapping.symbol.told(name)
    if own is None and mapping.symbol.column is None:
        raise BadFile(file.path, "does not tell its symbol, neither inside nor by its name", "give it with --symbol")
    midnight = mapping.time.day_in(name)
    if midnight is None and mapping.time.date_in_name is not None:
        raise BadFile(file.path, "does not tell the date by its name", f"it is read by {mapping.time.date_in_name}")
    if not isinstance(mapping, BarsMapping):
        return Told(own, midnight)
    interval = mapping.interval.told(name) if isinstance(mapping.interval, Interval) else mapping.interval
    step = nanoseconds(interval) if interval else _step(pl.concat(first))
    if step is None or step % nanoseconds("1ms"):
        raise BadFile(file.path, "does not tell the interval of its bars", "write it into a mapping: interval: 1m")
    return Told(own, midnight, step)


def _step(rows: pl.DataFrame) -> int | None:
    """Nanoseconds that most of the first bars of a symbol are apart."""
    steps = rows.group_by("symbol").agg(pl.col(MOMENT).to_physical().unique().sort().diff())[MOMENT].explode()
    return int(steps.drop_nulls().mode().sort()[0]) if steps.drop_nulls().len() else None


def _first(path: Path, form: Form) -> pl.DataFrame | None:
    """Symbol and moment of the first rows of a table; None if it is not of this form."""
    start = columnar.head(path)
    if (schema := columnar.types(start)) is not None:
        rows = columnar.first(path, form) if columnar.fits(schema, form) else None
    else:
        found = delimited.sample(start, form)
        rows = found.frame if found else None
    return None if rows is None else rows.select(form.kinds[0].frame["symbol"].alias("symbol"), MOMENT)


def _unnamed(mapping: MappingParams) -> Told:
    """What is told of any file: symbol and date, where rows do not tell them, do not matter yet."""
    interval = getattr(mapping, "interval", None)
    symbol = "?" if mapping.symbol.column is None else None
    return Told(symbol, DIGITAL.replace(tzinfo=None), nanoseconds(interval) if isinstance(interval, str) else None)
