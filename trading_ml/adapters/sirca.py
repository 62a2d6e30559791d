"""SIRCA's log of orders and trades on the ASX: `#Instrument,Date,Time,Record Type,Price,Volume,…,Qualifiers,…`.

TRADE and OFFTR become trades. An OFFTR was made off the market and reported: `OFFTR` leads its qualifiers, as in
`OFFTR;NX XT`. A CANCEL_TRADE takes back the trade at the same moment, price and volume before it; it names no id.
It is kept as a row of its own, `CANCEL_TRADE`, with which the cleaning rule `cancelled` finds the trade. ENTER, AMEND
and DELETE tell of orders, not of trades, and go to the quarantine by name.

Date and Time are Sydney's, in `20130205`, `2013-02-05` or `05-FEB-2013`. Trans ID is 0 in many files; where it is
not, it is the trade's id and sequence.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from trading_ml.adapters import delimited
from trading_ml.adapters.contract import Adapter, Chunk
from trading_ml.adapters.form import NUMBER, SHOWN, TEXT, WHOLE, Column, Form, Kind
from trading_ml.adapters.raw import RawFile

ZONE = "Australia/Sydney"
TRADES, ORDERS = ("TRADE", "OFFTR", "CANCEL_TRADE"), ("ENTER", "AMEND", "DELETE")
_DATES = ("%Y%m%d", "%Y-%m-%d", "%d-%b-%Y")


def _moment() -> pl.Expr:
    """Date and Time by Sydney's clock; null where it never shows them."""
    shown = pl.concat_str("Date", pl.lit(" "), "Time")
    local = pl.coalesce(shown.str.to_datetime(f"{day} %H:%M:%S%.f", time_unit="ns", strict=False) for day in _DATES)
    known = local.dt.replace_time_zone(ZONE, ambiguous="earliest", non_existent="null")
    return known.dt.convert_time_zone("UTC")


def _conditions() -> pl.Expr:
    """Qualifiers word for word, led by the record's type where it is not a plain trade."""
    told = pl.concat_str(pl.when(_type != "TRADE").then(_type), pl.col("Qualifiers"), separator=";", ignore_nulls=True)
    return pl.when(told != "").then(told)


_type, _id = pl.col("Record Type"), pl.when(pl.col("Trans ID") != 0).then(pl.col("Trans ID"))
FORM = Form(
    columns=(
        Column("Instrument", TEXT, filled=True),
        Column("Date", TEXT, filled=True),
        Column("Time", TEXT, filled=True),
        Column("Record Type", TEXT, filled=True),
        Column("Price", NUMBER),
        Column("Volume", NUMBER),
        Column("Qualifiers", TEXT, optional=True),
        Column("Trans ID", WHOLE, optional=True),
    ),
    kinds=(
        Kind(
            "trades",
            when=_type.is_in(TRADES),
            needs=("Price", "Volume"),
            frame={
                "symbol": pl.col("Instrument"),
                "ts_event": pl.col("ts"),
                "price": pl.col("Price"),
                "size": pl.col("Volume"),
                "seq": pl.coalesce(_id, "row"),
                "side": pl.lit(None),
                "conditions": _conditions(),
                "trade_id": _id,
            },
        ),
    ),
    wrong=(
        (_type.is_in(ORDERS), pl.format("{} tells of an order, not of a trade", _type)),
        (_type.is_in(TRADES).not_(), pl.format("Record Type is unknown: '{}'", _type.str.head(SHOWN))),
        (pl.col("ts").is_null(), pl.format("Date and Time are none of Sydney: '{} {}'", "Date", "Time")),
    ),
    derived={"ts": _moment()},
)


def fits(head: bytes, _name: str) -> str | None:
    """Why a file that begins with `head` is SIRCA's."""
    told = FORM.fits(delimited.first_line(head))
    return "its header has Instrument, Date, Time, Record Type, Price and Volume" if told else None


def read(file: RawFile, symbol: str | None = None) -> Iterator[Chunk]:
    """The chunks of a log.

    Raises:
        BadFile: as `delimited.read`.
    """
    return delimited.read(file, (FORM,), symbol)


ADAPTER = Adapter("sirca", "SIRCA ASX order logs (trades, off-market trades and cancels)", fits, read)
