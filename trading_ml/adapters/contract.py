"""What every adapter gives: chunks of canonical rows, and what could not be read as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

import polars as pl

from trading_ml.adapters.raw import RawFile
from trading_ml.core.digest import digest, file_digest, source_digest
from trading_ml.core.time import NS

KindName = Literal["trades", "quotes"]
SIDE = pl.Enum(["buy", "sell"])
QUARANTINE = {"row": pl.UInt32, "reason": pl.String, "text": pl.String}
_RECEIVED = {"ts_recv": NS, "trade_id": pl.String}
SCHEMAS: Mapping[KindName, Mapping[str, pl.DataType | type[pl.DataType]]] = {
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
    },
}
"""Canonical columns of a kind. `ts_recv` and `trade_id` are there only where the source has them."""
WHERE_KNOWN = frozenset(_RECEIVED)
_ENGINE = ("contract", "raw", "form", "layout", "salvage", "delimited")


class Chunk(NamedTuple):
    """Some lines of a raw file: those of one kind in canonical columns, and those that could not be read.

    `row` is the 1-based line in the decompressed file, so `sed -n ROWp` shows what a tick was made from.
    Always `rows == frame.height + quarantine.height`: no line is lost between two chunks or inside one.
    """

    kind: KindName
    frame: pl.DataFrame
    quarantine: pl.DataFrame
    rows: int


@dataclass(frozen=True)
class Adapter:
    """One raw format: how to recognise it and how to read it.

    Attributes:
        name: What users call it; also the source of its instruments (`lseg:ABF.L`).
        summary: One line for `--help` and documentation.
        fits: From the first bytes (decompressed) and the file's name: why the file is of this format, or None.
        read: From a file and an optional symbol that replaces the file's own: its chunks, in file order.
            Raises BadFile when the file as a whole is not of this format or breaks off.
    """

    name: str
    summary: str
    fits: Callable[[bytes, str], str | None]
    read: Callable[[RawFile, str | None], Iterator[Chunk]]

    @cached_property
    def recipe(self) -> str:
        """Digest of the code that reads this format: when it changes, files of the format are read again."""
        engine = (Path(__file__).with_name(f"{name}.py") for name in _ENGINE)
        return digest(source_digest(self.read), [file_digest(path) for path in engine])


def problem() -> pl.Expr:
    """A reason without the cell it quotes: what quarantined lines are counted by.

    Example:
        >>> pl.select(reason=pl.lit("Price is not a number: 'n/a'")).select(problem()).item()
        'Price is not a number'
    """
    return pl.col("reason").str.splitn(": ", 2).struct.field("field_0").alias("reason")
