"""Rows told apart by the date of the cell they go into, at next to no cost where they come in order of time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl

from trading_ml.core.time import date_of, day_bounds
from trading_ml.ticks.cells import date_in, span_of


def dated(rows: pl.DataFrame, kind: str, zone: str) -> Iterable[tuple[date, pl.DataFrame]]:
    """Rows of one kind and instrument, by the date of their cell, in the order in which dates first appear.

    Ticks mostly come in order of time. Then they are cut where the local days end, and no stamp is translated.

    Args:
        rows: Rows with `ts_event`.
        kind: What they are; it says how much time a cell holds.
        zone: The instrument's.

    Example:
        >>> from trading_ml.core.time import NS, SECOND
        >>> rows = pl.DataFrame({"ts_event": [0, 14 * 3600 * SECOND, 15 * 3600 * SECOND]}, schema={"ts_event": NS})
        >>> [(str(day), part.height) for day, part in dated(rows, "trades", "Asia/Tokyo")]
        [('1970-01-01', 2), ('1970-01-02', 1)]
    """
    ts = rows["ts_event"].to_physical()
    if span_of(kind) != "1d" or rows.is_empty() or not ts.is_sorted():
        parts = rows.with_columns(date_in(kind, zone).alias("_date")).partition_by(
            "_date", as_dict=True, include_key=False
        )
        return [(day, part) for (day,), part in parts.items()]
    first, last = date_of(ts[0], zone), date_of(ts[-1], zone)
    dates = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    ends = np.searchsorted(ts.to_numpy(), [day_bounds(day, zone)[1] for day in dates])
    cuts = zip(dates, pairwise((0, *ends.tolist())), strict=True)
    return [(day, rows.slice(start, end - start)) for day, (start, end) in cuts if end > start]
