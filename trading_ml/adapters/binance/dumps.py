"""Binance's public dumps, one symbol and day or month a file: trades, aggTrades and klines, plain or zipped.

    BTCUSDT-trades-2024-08-08.zip      id, price, qty, quoteQty, time, isBuyerMaker[, isBestMatch]
    BTCUSDT-aggTrades-2024-08-08.zip   id, price, qty, first id, last id, time, isBuyerMaker[, isBestMatch]
    BTCUSDT-1m-2024-08.zip             open time, open, high, low, close, volume, close time, quote volume,
                                       count, taker buy volume, taker buy quote volume, ignored

Columns keep these places in spot and in both kinds of futures; some files have a header, some none. Stamps are in
milliseconds, spot's since 2025 in microseconds. The symbol stands only in the file's name, or in that of the file in
the zip; of spot and of futures it is the same, so give one of them another with `--symbol`.

`isBuyerMaker` says that the buyer's order was resting: the seller was the aggressor. An aggTrade stands for several
trades of one order at one price, under an id of its own: ingest the trades or the aggTrades of a symbol, not both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import polars as pl

from trading_ml.adapters import delimited
from trading_ml.adapters.binance.epoch import moment, no_moment
from trading_ml.adapters.contract import Chunk, bars_of
from trading_ml.adapters.form import NUMBER, TEXT, WHOLE, Column, Form, Kind
from trading_ml.adapters.layout import BOM, Layout, names
from trading_ml.adapters.raw import BLOCK, RawFile
from trading_ml.adapters.salvage import text_of
from trading_ml.core.errors import BadFile
from trading_ml.core.time import DAY, nanoseconds

_NAME = re.compile(r"(?:.*/)?(?P<symbol>[^-/]+)-(?:trades|aggTrades|(?P<every>\d+(?:s|m|h|d|w|mo)))-\d{4}-\d\d")
_STAMP, _TRUTH, _NUMBER = r"\d{13}(?:\d{3})?", r"(?i:true|false)", r"-?\d[\d.eE+-]*"


@dataclass(frozen=True)
class Dump:
    """One kind of dump.

    Attributes:
        name: What it holds.
        columns: Their names by place; files may end sooner, or call them otherwise.
        line: What a line of it looks like.
        header: What the first two columns are called in the headers there have been.
        form: From symbol and interval to the table's form.
    """

    name: str
    columns: tuple[str, ...]
    line: re.Pattern[str]
    header: re.Pattern[str]
    form: Callable[[str, int], Form]


class Opening(NamedTuple):
    """What the first lines of a file say about it."""

    dump: Dump
    header: bytes
    """The header line, if there is one."""
    width: int
    """Number of columns."""
    interval: int
    """Nanoseconds from the open to the close of a kline; 0 where there is none."""


def opening(head: bytes) -> Opening | None:
    """Which dump a file that begins with `head` is: the first line that looks like one decides, or else the header."""
    lines = [text_of(line) for line in head.removeprefix(BOM).split(b"\n", delimited.SAMPLE)[: delimited.SAMPLE]]
    headed = next((dump for dump in DUMPS if dump.header.match(lines[0])), None)
    header = lines[0].encode() if headed else b""
    for line in lines:
        for dump in DUMPS:
            if dump.line.fullmatch(line):
                return Opening(dump, header, line.count(",") + 1, _interval(line) if dump is KLINES else 0)
    return Opening(headed, header, len(names(header)), 0) if headed else None


def read(file: RawFile, symbol: str | None = None, block: int = BLOCK) -> Iterator[Chunk]:
    """The chunks of a dump.

    Raises:
        BadFile: when it is none, breaks off, or neither its name nor `symbol` says whose trades they are.
    """
    blocks = file.blocks(block)
    first = next(blocks, b"").removeprefix(BOM)
    told = opening(first)
    if told is None:
        shown = text_of(first.partition(b"\n")[0])[:120]
        raise BadFile(file.path, "holds no trades, aggTrades or klines", f"its first line is '{shown}'")
    rest = first.partition(b"\n")[2] if told.header else first
    layout = Layout(_form(file, told, symbol), told.header, told.dump.columns[: told.width])
    return delimited.chunks(chain([rest] if rest else [], blocks), layout, 2 if told.header else 1, file.after)


def _form(file: RawFile, told: Opening, symbol: str | None) -> Form:
    """The form of a dump, with what only the names of the file, or of the one zipped in it, say."""
    named = next((found for name in (*file.members, file.path.name) if (found := _NAME.match(name))), None)
    known = symbol or (named and named["symbol"])
    if not known:
        raise BadFile(file.path, "does not say of which symbol it is", "name it with --symbol")
    every = (named and named["every"]) or ""
    if every.endswith("mo"):
        raise BadFile(file.path, "holds klines of a month, which has no one length", "ingest those of a day")
    if every.endswith("w"):
        return told.dump.form(known, int(every[:-1]) * 7 * DAY)
    return told.dump.form(known, nanoseconds(every) if every else told.interval or nanoseconds("1m"))


def _interval(line: str) -> int:
    """Nanoseconds that a kline lasts, from its first stamp to just behind its last."""
    opened, *_, closed = line.split(",")[:7]
    return (int(closed) - int(opened) + 1) * (10**6 if len(opened) == 13 else 10**3)


def _line(*cells: str) -> re.Pattern[str]:
    return re.compile(",".join(cells))


def _trades(symbol: str, _interval: int) -> Form:
    maker = pl.col("isBuyerMaker").str.to_lowercase() == "true"
    frame = {
        "symbol": pl.lit(symbol),
        "ts_event": pl.col("ts"),
        "price": pl.col("price"),
        "size": pl.col("qty"),
        "seq": pl.col("id"),
        "side": pl.when(maker).then(pl.lit("sell")).otherwise(pl.lit("buy")),
        "conditions": pl.lit(None),
        "trade_id": pl.col("id"),
    }
    return Form(
        columns=(
            Column("id", WHOLE, filled=True),
            Column("price", NUMBER, filled=True),
            Column("qty", NUMBER, filled=True),
            Column("time", WHOLE, filled=True),
            Column("isBuyerMaker", TEXT, filled=True, words=("true", "false", "True", "False")),
        ),
        kinds=(Kind("trades", frame),),
        wrong=(no_moment("time"),),
        derived={"ts": moment("time")},
    )


def _klines(symbol: str, interval: int) -> Form:
    prices = ("open", "high", "low", "close", "volume")
    frame = {
        "symbol": pl.lit(symbol),
        "ts_event": pl.col("ts"),
        **{name: pl.col(name) for name in prices},
        "trades": pl.col("count"),
    }
    return Form(
        columns=(
            Column("open_time", WHOLE, filled=True),
            *(Column(name, NUMBER, filled=True) for name in prices),
            Column("count", WHOLE, filled=True),
        ),
        kinds=(Kind(bars_of(interval), frame),),
        wrong=(no_moment("open_time"),),
        derived={"ts": moment("open_time")},
    )


_TRADE, _SIDED = ("id", "price", "qty"), ("time", "isBuyerMaker", "isBestMatch")
_MATCHED = rf"{_TRUTH}(?:,{_TRUTH})?"
TRADES = Dump(
    "trades",
    (*_TRADE, "quoteQty", *_SIDED),
    _line(r"\d+", _NUMBER, _NUMBER, _NUMBER, _STAMP, _MATCHED),
    re.compile(r"(?i)(trade_?)?id,(price|p),"),
    _trades,
)
AGGREGATES = Dump(
    "aggTrades",
    (*_TRADE, "first", "last", *_SIDED),
    _line(r"\d+", _NUMBER, _NUMBER, r"\d+", r"\d+", _STAMP, _MATCHED),
    re.compile(r"(?i)(agg(regate)?_?trade_?id|a),(price|p),"),
    _trades,
)
KLINES = Dump(
    "klines",
    (
        *("open_time", "open", "high", "low", "close", "volume", "close_time"),
        *("quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume", "ignore"),
    ),
    _line(_STAMP, *[_NUMBER] * 5, _STAMP, _NUMBER, r"\d+", _NUMBER, _NUMBER, _NUMBER),
    re.compile(r"(?i)open_?time,open,"),
    _klines,
)
DUMPS = (AGGREGATES, TRADES, KLINES)
