"""bitFlyer executions and tickers as collected by polling its API: every field quoted, stamps with their offset.

Pages come newest first inside a poll, so neither ids nor stamps rise; the execution id is the sequence that orders
trades with equal stamps, and repeated ids are the same trade met again. An execution without `exec_date` happened
at an unknown moment shortly before it was `loaded`: that moment stands in, marked `ts_from_loaded` in `conditions`.
A blank side belongs to an auction (itayose) and stays null.

Of a ticker `loaded` is the minute it was asked for, seconds before its `timestamp`: it can stand in for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from trading_ml.adapters import delimited
from trading_ml.adapters.contract import Adapter, Chunk
from trading_ml.adapters.form import NUMBER, STAMP, TEXT, WHOLE, Column, Form, Kind
from trading_ml.adapters.raw import RawFile

EXECUTIONS = Form(
    columns=(
        Column("product_code", TEXT, filled=True),
        Column("id", WHOLE, filled=True),
        Column("exec_date", STAMP),
        Column("loaded", STAMP),
        Column("side", TEXT, words=("BUY", "SELL")),
        Column("price", NUMBER),
        Column("size", NUMBER),
    ),
    kinds=(
        Kind(
            "trades",
            needs=("price", "size"),
            either=("exec_date", "loaded"),
            frame={
                "symbol": pl.col("product_code"),
                "ts_event": pl.coalesce("exec_date", "loaded"),
                "price": pl.col("price"),
                "size": pl.col("size"),
                "seq": pl.col("id"),
                "side": pl.col("side").str.to_lowercase(),
                "conditions": pl.when(pl.col("exec_date").is_null()).then(pl.lit("ts_from_loaded")),
                "ts_recv": pl.col("loaded"),
                "trade_id": pl.col("id"),
            },
        ),
    ),
)

TICKERS = Form(
    columns=(
        Column("product_code", TEXT, filled=True),
        Column("tick_id", WHOLE, filled=True),
        Column("timestamp", STAMP, filled=True),
        Column("loaded", STAMP),
        Column("best_bid", NUMBER),
        Column("best_ask", NUMBER),
        Column("best_bid_size", NUMBER),
        Column("best_ask_size", NUMBER),
    ),
    kinds=(
        Kind(
            "quotes",
            either=("best_bid", "best_ask"),
            frame={
                "symbol": pl.col("product_code"),
                "ts_event": pl.col("timestamp"),
                "bid": pl.col("best_bid"),
                "ask": pl.col("best_ask"),
                "bid_size": pl.col("best_bid_size"),
                "ask_size": pl.col("best_ask_size"),
                "seq": pl.col("tick_id"),
                "ts_recv": pl.col("loaded"),
            },
        ),
    ),
)


def fits(head: bytes, _name: str) -> str | None:
    """Why a file that begins with `head` is bitFlyer's."""
    line = delimited.first_line(head)
    if EXECUTIONS.fits(line):
        return "its header has product_code, exec_date, side, price and size: executions"
    if TICKERS.fits(line):
        return "its header has product_code, tick_id, best_bid and best_ask: tickers"
    return None


def read(file: RawFile, symbol: str | None = None) -> Iterator[Chunk]:
    """The chunks of a file of executions or tickers.

    Raises:
        BadFile: as `delimited.read`.
    """
    return delimited.read(file, (EXECUTIONS, TICKERS), symbol)


ADAPTER = Adapter("bitflyer", "bitFlyer executions and tickers", fits, read)
