"""Lines captured from Binance's websockets: `LOCAL_NS {"stream":"btcusdt@trade","data":{…}}`, one message each.

Of the streams, `trade` becomes trades and `bookTicker` quotes; lines of any other (depth, aggTrade, …), and answers
of the REST interface between them, go to the quarantine by name, cut short.

`ts_recv` is the local clock at receipt, `ts_event` the exchange's transaction time T. Spot's bookTicker has no time
of the exchange: there the local time stands in for it. The two clocks may differ by seconds, so spot quotes must not
be laid beside trades by `ts_event`; by `ts_recv` both are on one clock.

The messages read are flat objects of plain values. So one expression can tell a sound line, and each value be taken
by its key, in whatever order the keys come; cheaper than parsing JSON, line by line.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import polars as pl

from trading_ml.adapters.binance.epoch import moment, no_moment
from trading_ml.adapters.contract import QUARANTINE, SCHEMAS, Chunk
from trading_ml.adapters.delimited import SAMPLE, canonical, numbered
from trading_ml.adapters.form import NUMBER, SHOWN, TEXT, WHOLE, Column, Form, Kind
from trading_ml.adapters.layout import BOM
from trading_ml.adapters.raw import BLOCK, LINE, RawFile
from trading_ml.adapters.salvage import BLANK, lines_of, text_of
from trading_ml.core.time import NS

_CLOCK = 19
"""Digits of the local time, nanoseconds since 1970."""
_TEXT = r'[^"\\\x00-\x1f]*'
_VALUE = rf'(?:"{_TEXT}"|-?[0-9][0-9.]*|true|false)'
_OPENING = rf'^[0-9]{{{_CLOCK}}} \{{"stream":"(?:[^"\\@]+@|!)([A-Za-z]+){_TEXT}"'
_SOUND = rf'{_OPENING},"data":\{{"[A-Za-z]+":{_VALUE}(?:,"[A-Za-z]+":{_VALUE})*\}}\}}$'
_ANSWER = rf'^[0-9]{{{_CLOCK}}} \{{"lastUpdateId":'
_CUT = 200
"""Characters kept of a line that no one asked to read: the whole of it stays in the file."""

_RECEIVED = pl.col("local").cast(NS)
TRADE = Form(
    columns=(
        Column("s", TEXT, filled=True),
        Column("t", WHOLE, filled=True),
        Column("p", NUMBER, filled=True),
        Column("q", NUMBER, filled=True),
        Column("T", WHOLE, filled=True),
        Column("m", TEXT, filled=True, words=("true", "false")),
        Column("X", TEXT),
    ),
    kinds=(
        Kind(
            "trades",
            frame={
                "symbol": pl.col("s"),
                "ts_event": moment("T"),
                "price": pl.col("p"),
                "size": pl.col("q"),
                "seq": pl.col("t"),
                "side": pl.when(pl.col("m") == "true").then(pl.lit("sell")).otherwise(pl.lit("buy")),
                "conditions": pl.when(pl.col("X") != "MARKET").then(pl.col("X")),
                "ts_recv": _RECEIVED,
                "trade_id": pl.col("t"),
            },
        ),
    ),
    wrong=(no_moment("T"),),
)
BOOK_TICKER = Form(
    columns=(
        Column("s", TEXT, filled=True),
        Column("u", WHOLE, filled=True),
        Column("b", NUMBER, filled=True),
        Column("B", NUMBER, filled=True),
        Column("a", NUMBER, filled=True),
        Column("A", NUMBER, filled=True),
        Column("T", WHOLE),
    ),
    kinds=(
        Kind(
            "quotes",
            frame={
                "symbol": pl.col("s"),
                "ts_event": pl.coalesce(moment("T"), _RECEIVED),
                "bid": pl.col("b"),
                "ask": pl.col("a"),
                "bid_size": pl.col("B"),
                "ask_size": pl.col("A"),
                "seq": pl.col("u"),
                "ts_recv": _RECEIVED,
            },
        ),
    ),
    wrong=(no_moment("T"),),
)
STREAMS = {"trade": TRADE, "bookTicker": BOOK_TICKER}


def is_capture(head: bytes) -> bool:
    """Whether a file that begins with `head` is a capture: any of its lines is a message of a stream."""
    lines = pl.Series([text_of(line) for line in head.removeprefix(BOM).split(b"\n", SAMPLE)[:SAMPLE]])
    return bool(lines.str.contains(_OPENING).any())


def read(file: RawFile, block: int = BLOCK) -> Iterator[Chunk]:
    """The chunks of a capture, first line 1.

    Raises:
        BadFile: as `RawFile.blocks`.
    """
    blocks = file.blocks(block)
    start = next(blocks, b"").removeprefix(BOM)
    for lines in numbered(chain([start] if start else [], blocks), 1, file.after):
        yield from _chunks(lines.text, lines.first)


def _chunks(block: bytes, first: int) -> Iterator[Chunk]:
    """One chunk for each stream, and one for the lines of no stream that is read."""
    text, stream = pl.col("text"), pl.col("stream")
    lines = pl.DataFrame({"text": [text_of(line) for line in lines_of(block)]}).with_columns(
        pl.int_range(first, first + pl.len(), dtype=pl.UInt32).alias("row"),
        text.str.extract(_OPENING).alias("stream"),
        text.str.contains(_SOUND).alias("sound"),
    )
    for name, form in STREAMS.items():
        yield _read(lines.filter((stream == name) & pl.col("sound")), form)
    rest = lines.filter((stream.is_in(list(STREAMS)) & pl.col("sound")).fill_null(value=False).not_())
    quarantine = rest.select("row", _reason().alias("reason"), _shortened())
    yield Chunk("trades", pl.DataFrame(schema=dict(SCHEMAS["trades"])), quarantine, quarantine.height)


def _read(lines: pl.DataFrame, form: Form) -> Chunk:
    """Sound messages of one stream in canonical columns, and those whose values are not what they must be."""
    cells = {column.name: pl.col("text").str.extract(rf'"{column.name}":"?([^",}}]+)') for column in form.columns}
    lines = lines.with_columns(pl.col("text").str.head(_CLOCK).cast(pl.Int64).alias("local"), **cells)
    typed = lines.with_columns(
        pl.col(column.name).cast(column.type.polars, strict=False).alias(f"{column.name} typed")
        for column in form.columns
    )
    unlike = [_unlike(column) for column in form.columns]
    typed = typed.with_columns(pl.coalesce(*unlike).alias("reason")).drop(cells)
    typed = typed.rename({f"{name} typed": name for name in cells})
    reason = pl.coalesce("reason", *(pl.when(mask).then(why) for mask, why in form.faults))
    typed = typed.with_columns(reason.alias("reason"))
    wrong = pl.col("reason").is_not_null()
    frame, quarantine = canonical(typed.filter(~wrong), form.kinds[0]), typed.filter(wrong).select(*QUARANTINE)
    return Chunk(form.kinds[0].name, frame, quarantine, typed.height, last=False)


def _unlike(column: Column) -> pl.Expr:
    """Why a cell is not of its column's type, where it is not."""
    cell, typed = pl.col(column.name), pl.col(f"{column.name} typed")
    said = pl.format(f"{column.name} is not {column.type.expected}: '{{}}'", cell.str.head(SHOWN))
    return pl.when(cell.is_not_null() & typed.is_null()).then(said)


def _reason() -> pl.Expr:
    """Why a line is no message of a stream that is read."""
    text, stream = pl.col("text"), pl.col("stream")
    return (
        pl.when(stream.is_in(list(STREAMS)))
        .then(pl.format("message of stream {} is broken", stream))
        .when(stream.is_not_null())
        .then(pl.format("stream {} is not read", stream))
        .when(text.str.contains(_ANSWER))
        .then(pl.lit("answer of the REST interface is not read"))
        .when(text.str.strip_chars() == "")
        .then(pl.lit(BLANK))
        .when(text.str.len_bytes() >= LINE)
        .then(pl.lit(f"line longer than {LINE >> 20} MiB"))
        .otherwise(pl.lit("not a local time and a message of a stream"))
    )


def _shortened() -> pl.Expr:
    """The beginning of a line that is only passed over; a broken one whole."""
    text, stream = pl.col("text"), pl.col("stream")
    passed = stream.is_in(list(STREAMS)).not_() | text.str.contains(_ANSWER)
    return pl.when(passed.fill_null(value=False)).then(text.str.head(_CUT)).otherwise(text).alias("text")
