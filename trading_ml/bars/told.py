"""Bars that files tell, in the columns of bars made of ticks."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import polars as pl

from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Table
from trading_ml.core.time import NS, day_bounds

COLUMNS = pl.Schema(
    {
        **dict.fromkeys(("ts_open", "ts_close"), NS),
        **dict.fromkeys(("open", "high", "low", "close"), pl.Float64()),
        "trades": pl.Int64(),
        **dict.fromkeys(("volume", "mean_size", "max_size", "vwap"), pl.Float64()),
    }
)


def day_of(table: Table, instrument: Instrument, cell: date, day: date) -> pl.DataFrame:
    """The usable bars that open on one local day, null where the source does not tell.

    Args:
        table: Bars of one length as files tell them.
        instrument: Whose bars.
        cell: Date of the cell that holds the day.
        day: The day.
    """
    receipt = table.receipt(instrument.name, cell)
    rows = _cell(table, instrument.name, cell, receipt.digest if receipt else "")
    start, end = day_bounds(day, instrument.zone)
    opens = pl.col("ts_open").to_physical()
    return rows.filter(opens >= start, opens < end)


@lru_cache(maxsize=4)  # a cell holds a month of days or a year of them, which are asked for one by one
def _cell(table: Table, instrument: str, cell: date, _digest: str) -> pl.DataFrame:
    rows = table.read(instrument, cell).filter(pl.col("excluded_by").is_null()).rename({"ts_event": "ts_open"})
    missing = {name: pl.lit(None) for name in COLUMNS if name not in rows.columns}
    return rows.with_columns(**missing).select(COLUMNS.names()).cast(COLUMNS)
