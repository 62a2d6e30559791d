"""Memory of a script: how far back its values depend on bars, measured, and whether partitions agree with history.

A value counts as the same within 1e-9 relative to itself or to what its column usually is, or within the rounding
noise of the script itself: how far the value moves when all prices and sizes are scaled by a few parts in 10^14. (The
z-score of a flat window is noise over noise; no start of the computation is right about it.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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
_FEW = 4
"""Every so many starts one is tried first."""
_SLOWEST = 8
"""Of these, how many of each column have their neighbours tried as well."""


class Memory(NamedTuple):
    """How far back a script looks; or why that cannot be said, as the tail of a sentence that begins with its name."""

    before: Extent
    endless: str = ""


class Yardstick:
    """Columns computed over the whole of some bars, to hold against the same rows computed otherwise."""

    def __init__(self, evaluate: Evaluate, bars: pl.DataFrame) -> None:
        self.whole = evaluate(bars)
        self._noise = _noise(evaluate, bars, self.whole)
        self._sizes = {c.name: _sizes(c) for c in self.whole.iter_columns() if c.dtype.is_float()}
        self._numbers = {c.name: c.to_numpy() for c in self.whole.iter_columns() if c.dtype.is_float()}

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
        name, rows = column.name, slice(start, start + len(column))
        if name not in self._numbers:
            distance = _distance(column, self.whole[name][rows])
            return np.where(distance <= np.fmax(noise, self._noise[name][rows]), 0.0, distance)
        gap, ours, theirs = np.zeros(len(column)), column.to_numpy(), self._numbers[name][rows]
        if len(apart := np.flatnonzero(_bits(ours) != _bits(theirs))):
            distance = _between(ours[apart], theirs[apart])
            level = np.fmax(noise[apart] if isinstance(noise, np.ndarray) else noise, self._noise[name][rows][apart])
            gap[apart] = np.where(distance <= level, 0.0, distance) / self._sizes[name][rows][apart]
        return gap


def _bits(values: Numbers) -> NDArray[np.int64]:
    return np.ascontiguousarray(values).view(np.int64)


def _sizes(column: pl.Series) -> Numbers:
    """Size of each value, or what its column usually is, if that is more."""
    return np.fmax(np.abs(np.nan_to_num(column.to_numpy(), posinf=0.0, neginf=0.0)), _usual(column))


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
    return _between(ours.to_numpy(), theirs.to_numpy())


def _between(a: Numbers, b: Numbers) -> Numbers:
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
    found = _Found(Memory(Extent()), 0, {})
    for bars in (CORE, 4 * CORE, 16 * CORE, LONGEST):
        stride = 2 if bars == CORE else bars // 500
        found = _forgets(evaluate, given(crafted(bars)), stride)
        if not found.memory.endless:
            faster = _forgets(evaluate, given(crafted(bars, FASTER)), 3 * stride, found.took)
            if faster.memory.endless or faster.memory.before.bars > found.memory.before.bars:
                seconds = whole_seconds(max(found.nanoseconds, faster.nanoseconds))
                return Memory(Extent(bars=found.memory.before.bars, seconds=seconds))
            break
    return found.memory


class _Found(NamedTuple):
    """The memory on some bars, the same in nanoseconds, and by start how many bars each column took to agree."""

    memory: Memory
    nanoseconds: int
    took: Mapping[int, tuple[int, ...]]


def _forgets(
    evaluate: Evaluate, bars: pl.DataFrame, stride: int, known: Mapping[int, tuple[int, ...]] = MappingProxyType({})
) -> _Found:
    """The memory found on `bars`; endless if it holds for half of them.

    Where the first few starts take what is known of them already, no others are tried.
    """
    yardstick, stamps, half = Yardstick(evaluate, bars), stamps_of(bars), bars.height // 2
    for column in yardstick.whole.iter_columns():
        if column.slice(half).null_count() == bars.height - half:
            return _Found(Memory(Extent(), f"'{column.name}' has no value on any of {half:,} simulated bars"), 0, {})
    discrete = {c.name for c in yardstick.whole.iter_columns() if not c.dtype.is_float() or c.n_unique() <= _CLASSES}
    seen, nanoseconds, took = dict.fromkeys(yardstick.whole.columns, 0), 0, {}
    for start in _starts(range(1, bars.height - half // 2, stride), took, known, every=bool(discrete)):
        gaps = yardstick.gaps(evaluate, bars.slice(start), start, seen)
        took[start] = tuple(_last(gap > _STRICT) for gap in gaps.values())
        for name, back in zip(gaps, took[start], strict=True):
            if back > half:
                return _Found(Memory(Extent(), f"'{name}' still depends on bars {back:,} back"), 0, took)
            if back:
                seen[name] = max(seen[name], back)
                nanoseconds = max(nanoseconds, int(stamps[start + back - 1] - stamps[start - 1]))
    most = max(back * (_FLIPS if name in discrete else 1) for name, back in seen.items())
    return _Found(Memory(Extent(bars=most)), nanoseconds, took)


def _starts(
    starts: range, took: Mapping[int, tuple[int, ...]], known: Mapping[int, tuple[int, ...]], *, every: bool
) -> Iterator[int]:
    """The starts worth trying, given what those before took, by column.

    Where the same number of bars is needed from each of a few, they are a window's, and no other start tells more.
    Otherwise every second one follows, and those around the ones that took longest. All are tried where `every` one
    may show what no other does, unless the few take what is known of them already.
    """
    yield from starts[::_FEW]
    if (len(set(took.values())) <= 1 and not every) or took.items() <= known.items():
        return
    near = set(starts if every else starts[::2])
    if not every:
        slowest = [sorted(took, key=lambda start: took[start][place])[-_SLOWEST:] for place in range(len(took[1]))]
        around = {starts.index(start) + step for some in slowest for start in some for step in range(1 - _FEW, _FEW)}
        near |= {starts[place] for place in around if 0 <= place < len(starts)}
    yield from sorted(near.difference(took))


def _last(where: NDArray[np.bool_]) -> int:
    """The number of rows through the last one that holds."""
    rows = np.flatnonzero(where)
    return int(rows[-1]) + 1 if len(rows) else 0


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
