"""Ticks as bars see them: a price and a size each, and whether a cleaning rule left them in."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from trading_ml.core.lake import Receipt, Table

_QUOTED = ("bid", "ask", "bid_size", "ask_size")


class Priced(NamedTuple):
    """A day's ticks with columns `ts_event`, `price`, `size` (and those asked for), and which of them are usable."""

    frame: pl.DataFrame
    usable: pl.Series

    @property
    def kept(self) -> pl.DataFrame:
        """The usable ticks."""
        return self.frame if self.usable.all() else self.frame.filter(self.usable)


def priced(table: Table, instrument: str, day: date, columns: tuple[str, ...] = ()) -> Priced:
    """Read what bars need of a day from a table of ticks: trades, or quotes priced at their mid.

    A quote's price is its mid (bid + ask) / 2 and its size the mean of the sizes shown, a missing one counting as
    nothing. Not usable: what a cleaning rule excluded, and quotes with one side only.

    Raises:
        NoData: when the day is not published.
    """
    quoted, excludes = table.parts[-1] == "quotes", _excludes(table.receipt(instrument, day))
    wanted = dict.fromkeys(("ts_event", *(_QUOTED if quoted else ("price", "size")), *columns))
    frame = table.read(instrument, day, [*wanted, *(("excluded_by",) if excludes else ())], ("excluded_by",))
    if quoted:
        shown = pl.col("bid_size").fill_null(0.0) + pl.col("ask_size").fill_null(0.0)
        frame = frame.with_columns(price=(pl.col("bid") + pl.col("ask")) / 2, size=shown / 2)
    sound = pl.col("price").is_not_null() & (pl.col("excluded_by").is_null() if excludes else True)
    return Priced(frame.drop("excluded_by", strict=False), frame.select(sound).to_series())


def stamps(frame: pl.DataFrame) -> np.ndarray:
    """`ts_event` in nanoseconds."""
    return frame["ts_event"].to_physical().to_numpy()


def _excludes(receipt: Receipt | None) -> bool:
    """Whether the day may hold excluded ticks; reading their column costs half as much as all the others."""
    accounts = receipt.facts.get("uploads") if receipt else None
    return accounts is None or any(sum(account["excluded"].values()) for account in accounts.values())
