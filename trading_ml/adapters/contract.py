"""What every adapter gives: chunks of canonical rows, and what could not be read as one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from trading_ml.adapters.raw import RawFile
from trading_ml.core.digest import digest, file_digest
from trading_ml.core.time import DAY, NS, SECOND, nanoseconds

SIDE = pl.Enum(["buy", "sell"])
QUARANTINE = {"row": pl.UInt32, "reason": pl.String, "text": pl.String}
_RECEIVED = {"ts_recv": NS, "trade_id": pl.String}
SCHEMAS: Mapping[str, Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "trades": {
        "symbol": pl.String,
        "ts_event": NS,
        "price": pl.Float64,
        "size": pl.Float64,
        "seq": pl.Int64,
        "side": SIDE,
        "conditions": pl.String,
        "row": pl.UInt32,
        **_RECEIVED,
    },
    "quotes": {
        "symbol": pl.String,
        "ts_event": NS,
        "bid": pl.Float64,
        "ask": pl.Float64,
        "bid_size": pl.Float64,
        "ask_size": pl.Float64,
        "seq": pl.Int64,
        "row": pl.UInt32,
        **_RECEIVED,
        "conditions": pl.String,
    },
    "bars": {
        "symbol": pl.String,
        "ts_event": NS,
        "ts_close": NS,
        "open": pl.Float64,
        "high": pl.Float64,
        "low": pl.Float64,
        "close": pl.Float64,
        "volume": pl.Float64,
        "row": pl.UInt32,
        "trades": pl.Int64,
        "vwap": pl.Float64,
    },
    "orders": {
        "symbol": pl.String,
        "ts_event": NS,
        "type": pl.String,
        "price": pl.Float64,
        "stop": pl.Float64,
        "limit": pl.Float64,
        "stop_price": pl.Float64,
        "limit_price": pl.Float64,
        "loss_or_profit": pl.String,
        "row": pl.UInt32,
        "ts_close": NS,
    },
}
"""Canonical columns, by the first word of a kind (see `schema_of`).

`ts_event` of a bar is its open. `loss_or_profit` of an order is how the source words its outcome.
"""
WHERE_KNOWN: Mapping[str, frozenset[str]] = {
    "trades": frozenset(_RECEIVED),
    "quotes": frozenset({*_RECEIVED, "conditions"}),
    "bars": frozenset({"trades", "vwap"}),
    "orders": frozenset({"ts_close"}),
}
"""Canonical columns that are there only where the source has them; a source may add columns of its own (Float64)."""
BARS = "bars_"
_LENGTHS = {"d": DAY, "h": 3600 * SECOND, "m": 60 * SECOND, "s": SECOND, "ms": SECOND // 1000}


def schema_of(kind: str) -> Mapping[str, pl.DataType | type[pl.DataType]]:
    """Canonical columns of a kind: trades, quotes, orders, or the bars of one interval, such as `bars_1m`.

    Example:
        >>> "open" in schema_of("bars_1m")
        True
    """
    return SCHEMAS[kind.partition("_")[0]]


def known_of(kind: str) -> frozenset[str]:
    """Those of a kind's columns that only some sources have."""
    return WHERE_KNOWN[kind.partition("_")[0]]


def bars_of(interval: int) -> str:
    """The kind of bars of an interval in nanoseconds; equal intervals have one name.

    Example:
        >>> bars_of(nanoseconds("60m")), bars_of(nanoseconds("90s"))
        ('bars_1h', 'bars_90s')
    """
    unit = next(unit for unit, length in _LENGTHS.items() if interval % length == 0)
    return f"{BARS}{interval // _LENGTHS[unit]}{unit}"


def interval_of(kind: str) -> int:
    """Nanoseconds from the open of such a bar to its close; a day is a calendar day where clocks change."""
    return nanoseconds(kind.removeprefix(BARS))


class Chunk(NamedTuple):
    """Some lines of a raw file: those of one kind in canonical columns, and those that could not be read.

    `row` is the 1-based line in the decompressed file, so `sed -n ROWp` shows what a tick was made from.
    Always `rows == frame.height + quarantine.height`: no line is lost between two chunks or inside one.
    Unless it is `last`, chunks of other kinds follow from among the same lines.
    """

    kind: str
    frame: pl.DataFrame
    quarantine: pl.DataFrame
    rows: int
    last: bool = True

    @property
    def end(self) -> int:
        """The last of its lines; 0 where it has none."""
        return max(int(rows["row"].max() or 0) for rows in (self.frame, self.quarantine))  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True)
class Adapter:
    """One raw format: how to recognise it and how to read it.

    Attributes:
        name: What users call it; by default also the source of its instruments (`lseg:ABF.L`).
        summary: One line for `--help` and documentation.
        fits: From the first bytes (decompressed) and the file's name: why the file is of this format, or None.
        read: From a file and an optional symbol that replaces the file's own: its chunks, in file order, with or
            without those that end by the line after which the file is to be read.
            Raises BadFile when the file as a whole is not of this format or breaks off.
        origin: Source of the instruments where several formats tell of the same ones; else the name is.
        declaration: What beside code decides how files are read, such as a mapping.
        archives: Whether it reads zips of several files.
    """

    name: str
    summary: str
    fits: Callable[[bytes, str], str | None]
    read: Callable[[RawFile, str | None], Iterator[Chunk]]
    origin: str | None = None
    declaration: Any = None
    archives: bool = False

    @property
    def source(self) -> str:
        """Source of the instruments in such files: `SOURCE:SYMBOL`."""
        return self.origin or self.name

    @cached_property
    def recipe(self) -> str:
        """Digest of what reads this format: when it changes, files of the format are read again."""
        return digest(self.source, _code(self.read.__module__), self.declaration)


def problem() -> pl.Expr:
    """A reason without the cell it quotes: what quarantined lines are counted by.

    Example:
        >>> pl.select(reason=pl.lit("Price is not a number: 'n/a'")).select(problem()).item()
        'Price is not a number'
    """
    return pl.col("reason").str.splitn(": ", 2).struct.field("field_0").alias("reason")


@cache
def _code(module: str) -> str:
    """Digest of a module's source and of those modules of this room that it uses, directly or not."""
    room, used, waiting = f"{__package__}.", set[str](), {module}
    while waiting:
        name = waiting.pop()
        used.add(name)
        parts = vars(sys.modules[name]).values()
        owners = {getattr(part, "__module__", getattr(part, "__name__", None)) for part in parts}
        waiting |= {owner for owner in owners if str(owner).startswith(room)} - used
    return digest([file_digest(Path(str(sys.modules[name].__file__))) for name in sorted(used)])
