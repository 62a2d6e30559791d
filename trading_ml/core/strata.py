"""Strata: the conditions on which a leak may hinge, and on which rows of some bars each of them holds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

_MOST = 60
_WILD = 8
"""Times the usual size from which a move is a spike, or a volume a burst."""


def strata(bars: pl.DataFrame) -> dict[str, NDArray[np.int64]]:
    """Rows by condition: the last before and the first after a pause, a gap, a month; spikes, bursts, silence, ties."""
    opens, closes, close, volume = pl.col("ts_open"), pl.col("ts_close"), pl.col("close"), pl.col("volume")
    pause, day = opens.shift(-1) - closes, opens.dt.date()
    move, high, low = close.pct_change().abs(), pl.col("high"), pl.col("low")
    ends = {
        "session": (pause > pl.duration(minutes=30)) | (day != day.shift(-1)),
        "gap": pause > pl.duration(),
        "month": day.dt.month() != day.shift(-1).dt.month(),
    }
    others = {
        "spike": move > _WILD * move.median(),
        "burst": volume > _WILD * volume.median(),
        "no volume": volume == 0,
        "no movement": (high == low) | (move == 0),
    }
    found = {f"before a {name}": condition for name, condition in ends.items()}
    found |= {f"after a {name}": condition.shift(1) for name, condition in ends.items()} | others
    held = bars.select(condition.fill_null(False).alias(name) for name, condition in found.items())
    return {column.name: np.flatnonzero(column.to_numpy()) for column in held.iter_columns()}


def spread(rows: NDArray[np.int64], most: int = _MOST) -> NDArray[np.int64]:
    """At most so many of some rows, evenly."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(np.int64)]


def stratified(held: Mapping[str, NDArray[np.int64]], height: int, first: int, most: int = _MOST) -> NDArray[np.int64]:
    """Cuts from row `first` on: so many for each condition and so many anywhere; the same for the same bars.

    Args:
        held: The rows of each condition.
        height: Bars in all.
        first: Row of the first cut.
        most: Cuts of each condition.
    """
    cuts = [*held.values(), np.random.default_rng(0).permutation(height)]
    fitting = [rows[(rows >= first) & (rows < height - 1)] for rows in cuts]
    return np.unique(np.concatenate([spread(rows, most) for rows in fitting]))
