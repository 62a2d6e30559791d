"""How Lean's files are recognised and read, several tables in one zip one after the other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from trading_ml.adapters import delimited
from trading_ml.adapters.contract import Adapter, Chunk
from trading_ml.adapters.layout import BOM, Layout
from trading_ml.adapters.lean import forms, naming
from trading_ml.adapters.raw import BLOCK, RawFile
from trading_ml.adapters.salvage import text_of
from trading_ml.core.errors import BadFile

_NUMBER = r"-?\d[\d.eE+-]*"
_MILLIS, _DATED = r"\d{1,8}(?:\.\d+)?", r"\d{8} \d\d:\d\d"
_NAME = re.compile(r"\d{8}_(?:.*_)?(?:trade|quote).*", re.IGNORECASE)
_SHAPES = {
    "trades with exchange and condition": rf"{_MILLIS}(?:,{_NUMBER}){{2}},[A-Za-z]*,[^,]*,[01]",
    "quotes with exchange and condition": rf"{_MILLIS}(?:,{_NUMBER}){{4}},[A-Za-z]*,(?:[^,]*,)?[01]",
    "bars by date and time": rf"{_DATED}(?:,(?:{_NUMBER})?){{5}}(?:(?:,(?:{_NUMBER})?){{5}})?",
}
_PLAIN = rf"{_MILLIS}(?:,(?:{_NUMBER})?){{2,10}}"
"""Tables that only their name tells from others: milliseconds since midnight, and numbers, of a side all absent."""


def fits(head: bytes, name: str) -> str | None:
    """Why a file is Lean's: what most of its first lines look like, or that and its name."""
    lines = _lines(head)
    for what, pattern in _SHAPES.items():
        if _mostly(pattern, lines):
            return f"its lines are {what}, as Lean writes them"
    if _NAME.fullmatch(name) and _mostly(_PLAIN, lines):
        return "its name has date and type, its lines milliseconds and numbers"
    return None


def read(file: RawFile, symbol: str | None = None) -> Iterator[Chunk]:
    """The chunks of all tables in a file, in the zip's order; rows count on from one to the next.

    Raises:
        BadFile: when the file breaks off, a name does not say what it must, or a table has other columns.
    """
    return delimited.renamed(file, _tables(file), symbol)


def _tables(file: RawFile, block: int = BLOCK) -> Iterator[Chunk]:
    first = 1
    for member in file.members:
        blocks = file.blocks(block, member)
        start = next(blocks, b"").removeprefix(BOM)
        layout = _layout(file, member, start)
        for chunk in delimited.chunks(chain([start] if start else [], blocks), layout, first):
            first += chunk.rows
            yield chunk


def _layout(file: RawFile, member: str, start: bytes) -> Layout:
    lines = _lines(start)
    if not _mostly("|".join((*_SHAPES.values(), _PLAIN)), lines):
        raise BadFile(file.path, "is no table of Lean's", _shown(lines))
    of = naming.source(file.path, member)
    if of.day is None and of.resolution not in ("hour", "daily"):
        of = replace(of, resolution="daily" if _mostly(r"\d{8} 00:00,.*", lines) else "hour")
    widths = Counter(line.count(",") + 1 for line in lines)
    width = widths.most_common(1)[0][0]
    if of.quotes is None:
        of = replace(of, quotes=width in forms.QUOTE_BARS)
    names = forms.tables(of).get(width)
    if names is None:
        kind = f"{'quotes' if of.quotes else 'trades'} by {of.resolution or 'minute'}"
        raise BadFile(file.path, f"has no table of {kind} with {width} columns", _shown(lines))
    return Layout(forms.form(of), b"", names)


def _shown(lines: list[str]) -> str:
    return f"its first line is '{lines[0][:120] if lines else ''}'"


def _lines(head: bytes) -> list[str]:
    """The first lines, without those that say nothing and the last one, which may be cut off."""
    lines = head.removeprefix(BOM).split(b"\n", delimited.SAMPLE)[: delimited.SAMPLE]
    return [text_of(line) for line in (lines[:-1] or lines) if line.strip()]


def _mostly(pattern: str, lines: list[str]) -> bool:
    return 2 * sum(bool(re.fullmatch(pattern, line)) for line in lines) > len(lines)


ADAPTER = Adapter("lean", "QuantConnect Lean ticks and bars (equity, forex, crypto, future)", fits, read, archives=True)
