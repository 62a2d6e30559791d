"""The time bars before or after a tick."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl

from trading_ml.core.errors import Unknown
from trading_ml.core.time import DAY, day_bounds, nanoseconds
from trading_ml.ticks.days import Days
from trading_ml.ticks.prices import priced, stamps
from trading_ml.ticks.ranges import SUMMARY, Floats, Ints, interval_starts, summarise
from trading_ml.ticks.recent import Recent

UNITS = ("second", "minute", "hour", "day")
COLUMNS = SUMMARY[:8]


class Block(NamedTuple):
    """The bars of one local day, or the single bar of `size` days where the unit is days."""

    first: Ints
    """Position in the whole sequence of the first tick of each interval, excluded ticks counted."""
    rank: Ints
    """How many bars lie before each interval, and at the end how many there are."""
    bars: Floats
    """`COLUMNS` of each interval that holds a usable tick."""

    @property
    def nbytes(self) -> int:
        """Memory of the three arrays."""
        return self.first.nbytes + self.rank.nbytes + self.bars.nbytes


class Neighbours:
    """Bars of one length around any tick, computed a block at a time.

    Args:
        days: The ticks.
        unit: One of `UNITS`.
        size: Units in a bar.
        memory: Where blocks are remembered.
    """

    def __init__(self, days: Days, unit: str, size: int, memory: Recent[Block]) -> None:
        if unit not in UNITS:
            raise Unknown.of("unit", unit, UNITS)
        self._every = min(nanoseconds(f"{size}{unit}"), 2 * DAY)  # midnight cuts anyway; this keeps it within 64 bits
        self._days, self._memory, self._grid = days, memory, (unit, size)
        spans = np.array([day.toordinal() for day in days.dates]) // (size if unit == "day" else 1)
        self._day_of_block = [*np.flatnonzero(np.diff(spans, prepend=-1)).tolist(), len(spans)]

    def before(self, at: int, count: int, own: bool) -> Floats:
        """The last `count` bars before the bar of the tick at position `at`, or ending with it where `own`."""
        number, block, interval = self._locate(at)
        parts = [block.bars[: block.rank[interval + own]]]
        missing = count - len(parts[0])
        while missing > 0 and number > 0:
            number -= 1
            parts.insert(0, self._block(number).bars)
            missing -= len(parts[0])
        return np.concatenate(parts)[-count:]

    def after(self, at: int, count: int, own: bool) -> Floats:
        """The first `count` bars after the bar of the tick at position `at`, or starting with it where `own`."""
        number, block, interval = self._locate(at)
        parts = [block.bars[block.rank[interval + (not own)] :]]
        missing = count - len(parts[0])
        while missing > 0 and number + 2 < len(self._day_of_block):
            number += 1
            parts.append(self._block(number).bars)
            missing -= len(parts[-1])
        return np.concatenate(parts)[:count]

    def _locate(self, at: int) -> tuple[int, Block, int]:
        """The block that holds a tick, and the tick's interval in it."""
        number = int(np.searchsorted(self._day_of_block, self._days.holding(at), side="right")) - 1
        block = self._block(number)
        return number, block, int(np.searchsorted(block.first, at, side="right")) - 1

    def _block(self, number: int) -> Block:
        return self._memory.get((*self._grid, number), partial(self._make, number))

    def _make(self, number: int) -> Block:
        days, chosen = self._days, range(*self._day_of_block[number : number + 2])
        read = [priced(days.table, days.instrument.name, days.verified(day)) for day in chosen]
        ticks = pl.concat([day.frame.select("ts_event", "price", "size") for day in read])
        usable = pl.concat([day.usable for day in read])
        starts = self._starts(stamps(ticks), chosen[0])
        edges = np.append(0, usable.cum_sum().to_numpy())[np.append(starts, ticks.height)]
        begins, ends = edges[:-1], edges[1:]
        existing = ends > begins
        kept = ticks.filter(usable)
        rows = summarise(kept["price"].to_numpy(), kept["size"].to_numpy(), begins[existing], ends[existing])
        rank = np.append(0, np.cumsum(existing))
        return Block(days.bounds[chosen[0]] + starts, rank, np.ascontiguousarray(rows[:, : len(COLUMNS)]))

    def _starts(self, ts: Ints, day: int) -> Ints:
        if self._grid[0] == "day":
            return np.zeros(min(len(ts), 1), np.int64)
        midnight, _ = day_bounds(self._days.dates[day], self._days.instrument.zone)
        return interval_starts(ts, midnight, self._every)
