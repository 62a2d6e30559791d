"""Joins as of a moment: what other bars told when ours closed, and no more."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.crafted import LONGEST, crafted
from trading_ml.core.other import Bars
from trading_ml.core.time import NS, nanoseconds

Stamps = NDArray[np.int64]

NONE = -1
_APART = 41
"""Bars between the prices of the crafted series and those of other bars joined to it."""
_UNTOLD, _RUN = 13, 3
"""Of so many runs of other bars one is missing, and what it tells; other bars in a run."""
_MOST = 60
"""Finer bars inside a bar of the crafted series."""
_USUAL = "5m"


def stamps_of(bars: pl.DataFrame, column: str = "ts_close") -> Stamps:
    """Closes of the bars in nanoseconds."""
    return bars[column].to_physical().to_numpy()


def latest(closes: Stamps, others: Stamps, age: int) -> NDArray[np.int64]:
    """For each of our closes the last of the other closes at or before it, `NONE` where that is older than `age`.

    Example:
        >>> latest(np.array([4, 5, 9]), np.array([5, 6]), age=2)
        array([-1,  0, -1])
    """
    rows = np.searchsorted(others, closes, "right") - 1
    seen = rows >= 0
    seen[seen] = closes[seen] - others[rows[seen]] <= age
    return np.where(seen, rows, NONE)


def within(bars: pl.DataFrame, others: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each of our bars, the rows [first, stop) of the other bars that open and close inside it."""
    first = np.searchsorted(stamps_of(others, "ts_open"), stamps_of(bars, "ts_open"), "left")
    stop = np.searchsorted(stamps_of(others), stamps_of(bars), "right")
    return first, np.maximum(stop, first)


def taken(frame: pl.DataFrame, rows: NDArray[np.int64]) -> pl.DataFrame:
    """Rows of a frame, all null where the number is `NONE`."""
    if not frame.height:
        return frame.clear(len(rows))
    kept = rows != NONE
    found = frame[np.where(kept, rows, 0)]
    return found if kept.all() else found.select(pl.when(pl.lit(pl.Series(kept))).then(pl.all()))


def listed(frame: pl.DataFrame, first: NDArray[np.int64], stop: NDArray[np.int64]) -> pl.DataFrame:
    """For each pair the rows [first, stop) of a frame, every column a list; an empty one where there are none."""
    counts = stop - first
    ends = np.cumsum(counts)
    rows = np.arange(counts.sum()) + np.repeat(first - ends + counts, counts)
    group = pl.Series("_", np.repeat(np.arange(len(counts)), counts))
    lists = frame[rows].with_columns(group).group_by("_", maintain_order=True).agg(pl.all())
    bare = frame.clear().select(pl.all().implode())
    return pl.concat([lists.drop("_"), bare])[np.where(counts > 0, np.cumsum(counts > 0) - 1, lists.height)]


def joined(bars: pl.DataFrame, others: pl.DataFrame, name: str, wanted: Bars) -> pl.DataFrame:
    """Bars with the columns of other bars as they were known at each close, called `name.column`."""
    if wanted.inside:
        beside = listed(others, *within(bars, others))
    else:
        beside = taken(others, latest(stamps_of(bars), stamps_of(others), wanted.age))
    return bars.hstack(beside.rename(lambda column: f"{name}.{column}"))


def with_needs(bars: pl.DataFrame, needs: Mapping[str, Bars]) -> pl.DataFrame:
    """Crafted bars with the columns of crafted other bars that a script needs.

    The other bars lie on a clock of their own length, so ours see each of them once, several times or not at all; now
    and then some are missing.
    """
    beside = [_beside(bars, name, wanted, place) for place, (name, wanted) in enumerate(needs.items(), start=1)]
    return pl.concat([bars, *beside], how="horizontal")


def _beside(bars: pl.DataFrame, name: str, wanted: Bars, place: int) -> pl.DataFrame:
    """The columns of one of the needed other bars; the `place` among them sets its prices apart."""
    length = nanoseconds(wanted.every or _USUAL)
    ticked = stamps_of(bars) // length
    counts = np.ones(bars.height, np.int64)
    if wanted.inside:
        counts = np.clip((stamps_of(bars) - stamps_of(bars, "ts_open")) // length, 0, _MOST)
        ends = np.cumsum(counts)
        ticked = np.arange(ends[-1]) + np.repeat(ticked + 1 - ends, counts)
    changes = np.append(np.diff(ticked) != 0, False)
    age = np.cumsum(changes[::-1])[::-1]
    values = crafted(LONGEST)[np.maximum(LONGEST - 1 - _APART * place - age, 0)]
    moments = {"ts_open": (ticked - 1) * length, "ts_close": ticked * length}
    others = values.with_columns(pl.Series(column, stamps).cast(NS) for column, stamps in moments.items())
    if wanted.inside:
        stop = np.cumsum(counts)
        beside = listed(others, stop - counts, stop)
    else:
        beside = taken(others, np.where(ticked // _RUN % _UNTOLD == 0, NONE, np.arange(others.height)))
    return beside.rename(lambda column: f"{name}.{column}")
