"""Context: the bars around some rows that those rows are computed from, and nothing beyond them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.crafted import crafted
from trading_ml.core.days import Other
from trading_ml.core.joined import NONE, Stamps, joined, latest, stamps_of, taken
from trading_ml.core.params import Params
from trading_ml.core.script import Bound
from trading_ml.core.time import SECOND

Evaluate = Callable[[pl.DataFrame], pl.DataFrame]
"""Computes columns from bars, one row per bar."""


class Extent(Params):
    """How far a script sees on one side of a row: so many bars, and at least so many seconds."""

    bars: int = 0
    seconds: int = 0


@dataclass(frozen=True)
class Part:
    """A script as a table uses it: the name it goes by there, and what its rows depend on."""

    name: str
    bound: Bound
    before: Extent
    after: Extent
    others: tuple[Other, ...] = ()
    """Other bars that it is evaluated on or that are joined to ours; the extents then count in the former."""

    def rows(self, bars: pl.DataFrame, first: int, stop: int) -> pl.DataFrame:
        """The script's columns of rows [`first`, `stop`), computed from these and exactly their context.

        Rows without the whole warm-up before them are null.
        """
        stamps = stamps_of(bars)
        start, end = context(stamps, first, stop, self.before, self.after)
        warm = _warm(stamps[start:stop], self.before)[first - start :]
        if not warm.any():  # nor need a script stand fewer bars than its warm-up
            return self._nothing(stop - first)
        frame = self.bound.evaluate(bars.slice(start, end - start)).slice(first - start, stop - first)
        return frame if warm.all() else frame.select(pl.when(pl.lit(pl.Series(warm))).then(pl.all()))

    def columns(self, bars: pl.DataFrame, first: int, stop: int, others: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """`rows`, with the bars of each of the part's `others` beside ours or in their stead."""
        if self.bound.on:
            return self._as_of(stamps_of(bars)[first:stop], others[0], self.bound.on.age)
        for other, frame in zip(self.others, others, strict=True):
            bars = joined(bars, frame, other.name, other.wanted)
        return self.rows(bars, first, stop)

    def _as_of(self, closes: Stamps, others: pl.DataFrame, age: int) -> pl.DataFrame:
        """The script's columns over other bars, each of our closes given those of the last bar that had closed.

        A label is null where the next bar opened before our close: it would read of it what was known already.
        """
        rows = latest(closes, stamps_of(others), age)
        if self.bound.script.kind == "label":
            opens = np.append(stamps_of(others, "ts_open"), np.iinfo(np.int64).max)
            rows[opens[rows + 1] < closes] = NONE
        seen = rows[rows != NONE]
        if not len(seen):
            return self._nothing(len(closes))
        first, stop = int(seen[0]), int(seen[-1]) + 1
        return taken(self.rows(others, first, stop), np.where(rows == NONE, NONE, rows - first))

    def _nothing(self, rows: int) -> pl.DataFrame:
        return self.bound.evaluate(self.bound.given(crafted())).clear(rows)


def closing(bars: pl.DataFrame, row: int) -> str:
    """How a message names a bar."""
    return f"of row {row} (closing {bars['ts_close'][row]:%Y-%m-%dT%H:%M:%SZ})"


def context(stamps: Stamps, first: int, stop: int, before: Extent, after: Extent) -> tuple[int, int]:
    """The rows [start, end) from which rows [`first`, `stop`) are computed, of bars that close at `stamps`.

    Seconds are covered through the first bar at or beyond them, on either side.

    Example:
        >>> context(np.arange(10) * SECOND, 5, 6, Extent(bars=2), Extent(seconds=3))
        (3, 9)
    """
    if first == stop:
        return first, stop
    start, end = first - before.bars, stop + after.bars
    if before.seconds:
        start = min(start, int(np.searchsorted(stamps, stamps[first] - before.seconds * SECOND, "right")) - 1)
    if after.seconds:
        end = max(end, int(np.searchsorted(stamps, stamps[stop - 1] + after.seconds * SECOND, "left")) + 1)
    return max(start, 0), min(end, len(stamps))


def _warm(stamps: Stamps, before: Extent) -> NDArray[np.bool_]:
    """Which rows have the whole extent before them."""
    enough = np.arange(len(stamps)) >= before.bars
    return enough & (stamps - before.seconds * SECOND >= stamps[0]) if before.seconds and len(stamps) else enough
