"""Bars that files tell, as a project's bars: `ticks/bars_1m` may become `bars/30m_…`."""

from __future__ import annotations

from datetime import date

import polars as pl

from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Table
from trading_ml.core.time import NS

COLUMNS = pl.Schema(
    {
        **dict.fromkeys(("ts_open", "ts_close"), NS),
        **dict.fromkeys(("open", "high", "low", "close"), pl.Float64()),
        "trades": pl.Int64(),
        **dict.fromkeys(("volume", "mean_size", "max_size", "vwap"), pl.Float64()),
    }
)


def read(table: Table, instrument: Instrument, day: date) -> pl.DataFrame:
    """The usable bars of one day in the columns of bars made of ticks, null where the source does not tell.

    `mean_size` is volume / trades where both are told; `max_size` no file tells.
    """
    rows = table.read(instrument.name, day).filter(pl.col("excluded_by").is_null()).rename({"ts_event": "ts_open"})
    missing = {name: pl.lit(None) for name in COLUMNS if name not in rows.columns}
    return rows.with_columns(**missing).select(COLUMNS.names()).cast(COLUMNS)
