"""LSEG (Refinitiv) Tick History, Time & Sales: `#RIC,…,Date-Time,…,Type,Price,Volume[,Seq. No.,Qualifiers,…]`.

Columns are found by the header, in any order. Lines of type Trade become trades, of type Quote quotes; any other
type (Auction, Correction, …) goes to the quarantine under its name. A trade needs Price and Volume, a quote at
least one side.

Date-Time carries its offset: `Z` for UTC or `+01` for the exchange's local clock. The GMT Offset column only tells
the exchange's offset and never moves the stamp; Exch Time is the exchange's own clock and is not read. A stamp
without an offset is quarantined, because the extraction's settings, not the file, would say which clock it is.

Qualifiers become `conditions`, word for word.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from trading_ml.adapters import delimited
from trading_ml.adapters.contract import Adapter, Chunk
from trading_ml.adapters.form import NUMBER, STAMP, TEXT, WHOLE, Column, Form, Kind
from trading_ml.adapters.raw import RawFile

_SHARED = {
    "symbol": pl.col("RIC"),
    "ts_event": pl.col("Date-Time"),
    "seq": pl.coalesce("Seq. No.", "row"),
}

FORM = Form(
    columns=(
        Column("RIC", TEXT, filled=True),
        Column("Date-Time", STAMP, filled=True),
        Column("Type", TEXT, filled=True, words=("Trade", "Quote")),
        Column("Price", NUMBER, optional=True),
        Column("Volume", NUMBER, optional=True),
        Column("Bid Price", NUMBER, optional=True),
        Column("Bid Size", NUMBER, optional=True),
        Column("Ask Price", NUMBER, optional=True),
        Column("Ask Size", NUMBER, optional=True),
        Column("Seq. No.", WHOLE, optional=True),
        Column("Qualifiers", TEXT, optional=True),
    ),
    kinds=(
        Kind(
            "trades",
            when=pl.col("is_trade"),
            needs=("Price", "Volume"),
            frame={
                **_SHARED,
                "price": pl.col("Price"),
                "size": pl.col("Volume"),
                "side": pl.lit(None),
                "conditions": pl.col("Qualifiers"),
            },
        ),
        Kind(
            "quotes",
            when=pl.col("is_quote"),
            either=("Bid Price", "Ask Price"),
            frame={
                **_SHARED,
                "bid": pl.col("Bid Price"),
                "ask": pl.col("Ask Price"),
                "bid_size": pl.col("Bid Size"),
                "ask_size": pl.col("Ask Size"),
            },
        ),
    ),
    derived={"is_trade": pl.col("Type") == "Trade", "is_quote": pl.col("Type") == "Quote"},
)


def fits(head: bytes, _name: str) -> str | None:
    """Why a file that begins with `head` is Time & Sales; the simulated exchange marks its own by their Domain."""
    line = delimited.first_line(head)
    if not FORM.fits(line) or line.get("Domain") == "Simulated":
        return None
    return "its header has RIC, Date-Time, Type and prices"


def read(file: RawFile, symbol: str | None = None) -> Iterator[Chunk]:
    """The chunks of a Time & Sales file.

    Raises:
        BadFile: as `delimited.read`.
    """
    return delimited.read(file, (FORM,), symbol)


ADAPTER = Adapter("lseg", "LSEG Tick History, Time & Sales (trades and quotes)", fits, read)
