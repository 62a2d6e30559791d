"""Memory of a script: how far back its values depend on bars, measured, and whether partitions agree with history.

A value counts as the same within 1e-9 relative to itself or to what its column usually is, or within the rounding
noise of the script itself: how far the value moves when all prices and sizes are scaled by a few parts in 10^14. (The
z-score of a flat window is noise over noise; no start of the computation is right about it.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.context import Evaluate, Extent, Part, closing, stamps_of
from trading_ml.core.crafted import CORE, FASTER, LONGEST, crafted
from trading_ml.core.time import DAY, SECOND

Numbers = NDArray[np.float64]

TOLERANCE = 1e-9
_STRICT = TOLERANCE / 10
"""Tolerance while measuring: stricter, so that bars wilder than the crafted ones still agree within `TOLERANCE`."""
_SCALINGS = tuple(1 + k * 2.0**-46 for k in (-7, -5, -3, -1, 2, 4, 6, 8))
_NOISE = 100
"""A value is noise within so many times the movement that the scalings show."""
_CLASSES = 16
"""Columns of so few values show a disagreement only where it flips one: with a thousand starts, down to 10^-3."""
_FLIPS = 4
"""Hence four times the bars for them: what is forgotten exponentially is then down to 10^-12."""
_HOUR = 3600 * SECOND


class Memory(NamedTuple):
    """How far back a script looks; or why that cannot be said, as the tail of a sentence that begins with its name."""

    before: Extent
    endless: str = ""


class Yardstick:
    """Columns computed over the whole of some bars, to hold against the same rows computed otherwise."""

    def __init__(self, evaluate: Evaluate, bars: pl.DataFrame) -> None:
        self.whole = evaluate(bars)
        self._noise = _noise(evaluate, bars, self.whole)
        self._usual = {c.name: _usual(c) for c in self.whole.iter_columns() if c.dtype.is_float()}

    def gaps(
        self, evaluate: Evaluate, bars: pl.DataFrame, start: int, skip: Mapping[str, int] = MappingProxyType({})
    ) -> dict[str, Numbers]:
        """By column, how far rows computed from `bars` lie from the whole, relatively; zero within rounding noise.

        Args:
            evaluate: What computes them.
            bars: What they are computed from.
            start: The row of the whole that the first one is.
            skip: By column, how many first rows are known to lie apart; their own noise is not looked for.
        """
        part = evaluate(bars)
        gaps = {c.name: self._gap(c, start, 0.0) for c in part.iter_columns()}
        if any(gap[skip.get(name, 0) :].max(initial=0.0) > _STRICT for name, gap in gaps.items()):
            noise = _noise(evaluate, bars, part)
            gaps = {c.name: self._gap(c, start, noise[c.name]) for c in part.iter_columns()}
            for name, level in noise.items():  # what is nothing but noise is not looked into again
                known = self._noise[name][start + skip.get(name, 0) : start + part.height]
                np.fmax(known, np.where(np.isinf(level), np.inf, 0.0)[skip.get(name, 0) :], out=known)
        return gaps

    def _gap(self, column: pl.Series, start: int, noise: Numbers | float) -> Numbers:
        whole = self.whole[column.name].slice(start, len(column))
        distance = _distance(column, whole)
        distance[distance <= np.fmax(noise, self._noise[column.name][start : start + len(column)])] = 0.0
        if (usual := self._usual.get(column.name)) is None:
            return distance
        return distance / np.fmax(np.abs(np.nan_to_num(whole.to_numpy(), posinf=0.0, neginf=0.0)), usual)


def _usual(column: pl.Series) -> float:
    """Median size of the values that are not zero."""
    sizes = np.abs(column.drop_nulls().to_numpy())
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    return float(np.median(sizes)) if len(sizes) else 1.0


def _noise(evaluate: Evaluate, bars: pl.DataFrame, frame: pl.DataFrame) -> dict[str, Numbers]:
    """How far each value of `frame` may move by rounding alone: infinitely where it comes, goes or flips with it."""
    scaled = [evaluate(bars.with_columns(pl.col(pl.Float64) * factor)) for factor in _SCALINGS]
    return {c.name: _NOISE * np.max([_distance(c, s[c.name]) for s in scaled], axis=0) for c in frame.iter_columns()}


def _distance(ours: pl.Series, theirs: pl.Series) -> Numbers:
    """Distance row by row; infinite where one is null or infinite alone, and between unequal things but floats."""
    if not ours.dtype.is_float():
        return np.where(ours.ne_missing(theirs).to_numpy(), np.inf, 0.0)
    a, b = ours.to_numpy(), theirs.to_numpy()
    with np.errstate(invalid="ignore"):
        distance = np.abs(a - b)
    return np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.where(np.isnan(distance), np.inf, distance))


def measure(evaluate: Evaluate, given: Callable[[pl.DataFrame], pl.DataFrame] = lambda bars: bars) -> Memory:
    """The warm-up: the smallest extent after which values no longer depend on where the computation began.

    For every start tested, rows computed from there on must come to agree with the whole history. A script whose
    number of bars grows when the same bars follow each other faster looks back by the clock, and gets seconds too.

    Args:
        evaluate: What computes the script's columns.
        given: What adds the columns to the crafted series that it does not have.
    """
    found = Memory(Extent())
    for bars in (CORE, 4 * CORE, 16 * CORE, LONGEST):
        stride = 2 if bars == CORE else bars // 500
        found, nanoseconds = _forgets(evaluate, given(crafted(bars)), stride)
        if not found.endless:
            faster, more = _forgets(evaluate, given(crafted(bars, FASTER)), 3 * stride)
            if faster.endless or faster.before.bars > found.before.bars:
                seconds = whole_seconds(max(nanoseconds, more))
                return Memory(Extent(bars=found.before.bars, seconds=seconds))
            break
    return found


def _forgets(evaluate: Evaluate, bars: pl.DataFrame, stride: int) -> tuple[Memory, int]:
    """The memory found on `bars`, in bars and in nanoseconds; endless if it holds for half of them."""
    yardstick, stamps, half = Yardstick(evaluate, bars), stamps_of(bars), bars.height // 2
    for column in yardstick.whole.iter_columns():
        if column.slice(half).null_count() == bars.height - half:
            return Memory(Extent(), f"'{column.name}' has no value on any of {half:,} simulated bars"), 0
    discrete = {c.name for c in yardstick.whole.iter_columns() if not c.dtype.is_float() or c.n_unique() <= _CLASSES}
    seen, nanoseconds = dict.fromkeys(yardstick.whole.columns, 0), 0
    for start in range(1, bars.height - half // 2, stride):
        for name, gap in yardstick.gaps(evaluate, bars.slice(start), start, seen).items():
            away = np.flatnonzero(gap > _STRICT)
            back = int(away[-1]) + 1 if len(away) else 0
            if back > half:
                return Memory(Extent(), f"'{name}' still depends on bars {back:,} back"), 0
            if back:
                seen[name] = max(seen[name], back)
                nanoseconds = max(nanoseconds, int(stamps[start + back - 1] - stamps[start - 1]))
    most = max(back * (_FLIPS if name in discrete else 1) for name, back in seen.items())
    return Memory(Extent(bars=most)), nanoseconds


def whole_seconds(nanoseconds: int) -> int:
    """Rounded up to whole hours, beyond half a day to whole days: gaps between bars hide the end of a window."""
    unit = _HOUR if nanoseconds <= DAY // 2 else DAY
    return -(-nanoseconds // unit) * unit // SECOND


class Agreement(NamedTuple):
    """How far at most rows computed by partition lie from the same rows computed over the whole history, and which."""

    worst: float
    where: str


def agreement(part: Part, bars: pl.DataFrame, bounds: Iterable[tuple[int, int]]) -> Agreement:
    """Compare `part` computed over each partition [first, stop) of `bars` with it computed over all of them."""
    yardstick = Yardstick(lambda frame: part.rows(frame, 0, frame.height), bars)
    found = Agreement(0.0, "")
    for first, stop in bounds:
        for name, gap in yardstick.gaps(partial(part.rows, first=first, stop=stop), bars, first).items():
            worst = min(float(gap.max(initial=0.0)), 1.0)
            if worst > found.worst:
                found = Agreement(worst, f"'{name}' {closing(bars, first + int(gap.argmax()))}")
    return found
