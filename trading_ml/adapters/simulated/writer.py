"""Raw files of the simulated exchange: LSEG Tick History lines, one csv.gz a symbol and month."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from itertools import groupby, repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from isal import isal_zlib

from trading_ml.adapters.simulated.market import MARKS, MarketParams, Session, generator, sessions, trades
from trading_ml.core.digest import canonical, digest
from trading_ml.core.lake import publish
from trading_ml.core.time import NS

DOMAIN = "Simulated"
"""Word in the Domain column by which these files are told from the vendor's."""
HEADER = "#RIC,Domain,Date-Time,GMT Offset,Type,Price,Volume,Seq. No.,Qualifiers,Exch Time"
QUALIFIERS = {
    "cancelled": "CAN[IRGCOND]",
    "corrected": "COR[IRGCOND]",
    "off_market": "OFF[IRGCOND]",
    "odd_lot": "ODD[IRGCOND]",
}
"""What the qualifiers mean; several are joined by `;`, and a regular trade of 100 shares or more has none."""
_VERSION = 1
"""Raised when the same parameters give other lines."""
_GZIP = b"\x1f\x8b\x08\x10" + bytes(5) + b"\xff"
"""A gzip header (RFC 1952) without time and file name, and with a comment that says what is inside."""


class Written(NamedTuple):
    """One raw file and what was put into it."""

    path: Path
    rows: int
    """Lines below the header, bad ones included."""
    bad_rows: int
    """Lines that cannot be read as a trade."""
    cancelled: int
    corrected: int
    off_market: int


def write(folder: Path, params: MarketParams, progress: Callable[[int, int], None] | None = None) -> list[Written]:
    """Write one csv.gz per symbol and month below `folder`; files that are already there are left alone.

    Args:
        folder: Where `ALFA_2024-01.csv.gz` and its like go.
        params: The market.
        progress: Called after each file with the number done and the number of all.

    Returns:
        The files, by symbol and month.

    Example:
        >>> write(Path("data/raw/simulated"), MarketParams(symbols=("ALFA",), end=date(2024, 2, 1)))  # doctest: +SKIP
        [Written(path=PosixPath('data/raw/simulated/ALFA_2024-01.csv.gz'), rows=..., bad_rows=66, ...)]
    """
    months = [month for symbol in params.symbols for month in _months(sessions(params, symbol))]
    files = []
    for number, month in enumerate(months, start=1):
        path = folder / f"{month[0].symbol}_{month[0].day:%Y-%m}.csv.gz"
        files.append(_write(path, params, month))
        if progress:
            progress(number, len(months))
    return files


def _months(days: list[Session]) -> Iterator[list[Session]]:
    for _, month in groupby(days, key=lambda session: (session.day.year, session.day.month)):
        yield list(month)


def _write(path: Path, params: MarketParams, month: list[Session]) -> Written:
    market = params.model_dump(mode="json", exclude={"symbols", "start", "end"})
    key = digest(_VERSION, market, [(session.symbol, session.day) for session in month])
    if (there := _comment(path)).pop("key", None) == key:
        return Written(path, **there)
    printed = [trades(params, session) for session in month]
    text = [HEADER.encode() + b"\n", *map(_lines, repeat(params), month, printed)]
    marks = pl.concat([frame["mark"] for frame in printed])
    bad = params.bad_rows * len(month)
    counts = {"rows": len(marks) + bad, "bad_rows": bad, **{mark: int((marks == mark).sum()) for mark in MARKS}}
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.new")
    staged.write_bytes(_gzip(text, canonical({"key": key, **counts})))
    publish(staged, path)
    return Written(path, **counts)


def _lines(params: MarketParams, session: Session, printed: pl.DataFrame) -> bytes:
    """The lines of one session, each bad one next to a trade it resembles."""
    rng = generator(params, session.symbol, session.day, "lines")
    beside = np.append(np.arange(printed.height), rng.integers(printed.height, size=params.bad_rows))
    order = np.argsort(beside, kind="stable")
    defect = np.append(np.full(printed.height, -1), np.arange(params.bad_rows) % 3)[order]
    rows = printed[beside[order]].with_columns(
        defect=pl.Series(defect),
        seq=pl.Series(np.cumsum(rng.integers(1, 20, len(order)))),
    )
    text = BytesIO()
    rows.select(_line(session)).write_csv(text, include_header=False, quote_style="never")
    return text.getvalue()


def _line(session: Session) -> pl.Expr:
    offset = int(f"{session.opens:%z}"[:3])
    stamp = pl.col("ts_event").cast(NS).dt.strftime("%Y-%m-%dT%H:%M:%S%.9fZ")
    milliseconds = stamp.str.slice(len("2024-01-02T"), len("14:30:00.123")) + "000000"
    odd = pl.when(pl.col("size") < 100).then(pl.lit(QUALIFIERS["odd_lot"]))
    marks = pl.concat_str(pl.col("mark").replace(QUALIFIERS), odd, separator=";", ignore_nulls=True)
    whole = pl.format(
        f"{session.symbol},{DOMAIN},{{}},{offset},Trade,{{}},{{}},{{}},{{}},{{}}",
        pl.when(pl.col("defect") == 1).then(pl.lit("????-??-??T??:??:??Z")).otherwise(stamp),
        pl.when(pl.col("defect") == 0).then(pl.lit("")).otherwise(pl.col("price").cast(pl.String)),
        "size", "seq", marks, milliseconds,
    )  # fmt: skip
    return pl.when(pl.col("defect") == 2).then(whole.str.head(30)).otherwise(whole)


def _gzip(blocks: list[bytes], comment: str) -> bytes:
    """One gzip member whose bytes depend on nothing but its content and `comment`."""
    packer = isal_zlib.compressobj(1, wbits=-15)
    check, size, packed = 0, 0, [_GZIP, comment.encode(), b"\0"]
    for block in blocks:
        check, size = isal_zlib.crc32(block, check), size + len(block)
        packed.append(packer.compress(block))
    return b"".join([*packed, packer.flush(), struct.pack("<II", check, size & 0xFFFFFFFF)])


def _comment(path: Path) -> dict[str, Any]:
    """What the header of a file that `write` made says about it; nothing for any other file."""
    head = b""
    if path.is_file():
        with path.open("rb") as file:
            head = file.read(4096)
    if head.startswith(_GZIP):
        with suppress(ValueError):
            return json.loads(head[len(_GZIP) :].partition(b"\0")[0])
    return {}
