"""What to draw of any span: the ticks themselves where they are few, else the pyramid with ticks at both ends."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from trading_ml.core.time import NS
from trading_ml.ticks.days import Days
from trading_ml.ticks.prices import priced, stamps
from trading_ml.ticks.pyramid import BLOCK, day_blocks, inputs_of
from trading_ml.ticks.ranges import Floats, Ints
from trading_ml.ticks.thin import thinned

DETAIL = 4096 * BLOCK
"""Up to so many ticks are read themselves, which takes some 50 ms; of more, their blocks give enough points."""


class Points(NamedTuple):
    """Some usable ticks in time order."""

    ts: Ints
    price: Floats


class Display:
    """Pictures of the ticks of one instrument; the pyramid is read once, at the first wide one.

    Args:
        days: The ticks.
    """

    def __init__(self, days: Days) -> None:
        self._days = days

    def points(self, low: int, high: int, most: int) -> pl.DataFrame:
        """At most `most` usable ticks among positions [`low`, `high`) that keep the picture: ts_event, price."""
        shown = self._ticks(low, high) if high - low <= DETAIL else self._wide(low, high)
        kept = thinned(shown.ts, shown.price, most)
        return pl.DataFrame(
            {"ts_event": pl.Series(shown.ts[kept], dtype=pl.Int64).cast(NS), "price": shown.price[kept]}
        )

    def _wide(self, low: int, high: int) -> Points:
        """The ticks of the blocks at both ends, which the span may cut, and the extremes of the others."""
        starts = self._starts
        first, last = np.searchsorted(starts, low, side="right"), np.searchsorted(starts, high, side="left") - 1
        blocks = self._blocks[first:last].drop_nulls()
        pairs = [blocks["ts_low"].to_physical().to_numpy(), blocks["ts_high"].to_physical().to_numpy()]
        order = np.argsort(pairs, axis=0, kind="stable")
        ts = np.take_along_axis(np.array(pairs), order, 0).T.ravel()
        price = np.take_along_axis(blocks.select("low", "high").to_numpy().T, order, 0).T.ravel()
        twice = (np.diff(ts, append=-1) == 0) & (np.diff(price, append=np.nan) == 0)  # a block of one price
        ends = self._ticks(low, int(starts[first])), self._ticks(int(starts[last]), high)
        return _joined([ends[0], Points(ts[~twice], price[~twice]), ends[1]])

    def _ticks(self, low: int, high: int) -> Points:
        bounds = self._days.bounds
        first, last = self._days.holding(low), self._days.holding(max(low, high - 1))
        found = []
        for number in range(first, last + 1):
            start, stop = max(low - int(bounds[number]), 0), high - int(bounds[number])
            day = self._days.verified(number)
            kept = priced(self._days.table, self._days.instrument.name, day, rows=slice(start, stop)).kept
            found.append(Points(stamps(kept), kept["price"].to_numpy()))
        return _joined(found)

    @cached_property
    def _starts(self) -> Ints:
        """Position of the first tick of every block."""
        bounds = self._days.bounds
        return np.concatenate([np.arange(*span, BLOCK) for span in pairwise(bounds)])

    @cached_property
    def _blocks(self) -> pl.DataFrame:
        """Every block, by the pyramid where it is current and by the ticks where it is not."""
        name, ticks = self._days.instrument.name, self._days.table
        pyramid = ticks.lake.table("pyramid", ticks.parts[-1])
        frames = []
        for number, day in enumerate(self._days.dates):
            current = pyramid.is_current(name, day, inputs_of(self._days.digests[number]))
            frames.append(pyramid.read(name, day) if current else day_blocks(ticks, name, day))
        return pl.concat(frames)


def _joined(parts: list[Points]) -> Points:
    return Points(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
