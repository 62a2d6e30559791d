"""Ticks as bars see them: a price and a size each, and whether a cleaning rule left them in."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from trading_ml.core.errors import NoData
from trading_ml.core.lake import Table


class Priced(NamedTuple):
    """A day's ticks with columns `ts_event`, `price`, `size` (and those asked for), and which of them are usable."""

    frame: pl.DataFrame
    usable: pl.Series

    @property
    def kept(self) -> pl.DataFrame:
        """The usable ticks."""
        return (self.frame if self.usable.all() else self.frame.filter(self.usable)).rechunk()


def priced(
    table: Table, instrument: str, day: date, columns: tuple[str, ...] = (), rows: slice = slice(0, None)
) -> Priced:
    """Read what bars need of a day, or of some rows of it: of trades, of quotes at their mid, of orders at their price.

    A quote's price is its mid (bid + ask) / 2 and its size the mean of the sizes shown, a missing one counting as
    nothing; orders have none. Not usable: what a cleaning rule excluded, and quotes with one side only.

    Raises:
        NoData: when the day is not published, or has no such column.
    """
    price, size, quoted = pl.col("price"), pl.col("size"), ()
    if table.parts[-1] == "quotes":
        price = (pl.col("bid") + pl.col("ask")) / 2
        size = (pl.col("bid_size").fill_null(0.0) + pl.col("ask_size").fill_null(0.0)) / 2
        quoted = ("bid", "ask")
    elif table.parts[-1] == "orders":
        size = pl.lit(0.0)
    usable = price.is_not_null()
    if _has_excluded(table, instrument, day):
        usable &= pl.col("excluded_by").is_null()
    wanted = {"ts_event", *quoted, *columns} - {"price", "size"}
    stored = table.scan(instrument, day)
    if rows != slice(0, None):
        stored = stored.slice(rows.start, rows.stop - rows.start)
    try:
        ticks = stored.select(*sorted(wanted), price=price, size=size, usable=usable).collect()
    except pl.exceptions.ColumnNotFoundError:
        untold = ", ".join(sorted(wanted - set(table.scan(instrument, day).collect_schema())))
        raise NoData(
            f"{table.parts[-1]} of {instrument}", f"have no {untold}", "their source does not tell it"
        ) from None
    return Priced(ticks.drop("usable"), ticks["usable"])


def _has_excluded(table: Table, instrument: str, day: date) -> bool:
    """Whether any tick of a day may be excluded; most days tell that none is, and the column need not be read."""
    receipt = table.receipt(instrument, day)
    return not receipt or receipt.facts.get("texts", {}).get("excluded_by") != {}


def stamps(frame: pl.DataFrame) -> np.ndarray:
    """`ts_event` in nanoseconds."""
    return frame["ts_event"].to_physical().to_numpy()
