"""The screen: many cuts in one evaluation, so that every row is tested at the price of a few.

After each cut a few bars are exchanged, and the next cut follows where the script has forgotten them: as far back as it
looks, and for a label as far ahead as it declares, lies between. Whatever differs between these zones is a suspect. The
largest differences are then put to the proof alone: only those few bars exchanged, nothing before the cut touched, and
what was known must stay to the bit. Rounding noise that an exchange leaves behind thus accuses nobody, and a leak is
overlooked only where it is smaller than the script's own noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.context import Evaluate, Extent, stamps_of
from trading_ml.core.proof import Moved, Search, bits, known_moves
from trading_ml.core.script import LABEL_END
from trading_ml.core.time import NS, SECOND

Rows = NDArray[np.int64]

_BLOCK = 6
"""Bars exchanged after a cut."""
_CLEAR = 24
"""Bars before a cut that are free of the exchange before: a leak that reaches no farther shows at every row."""
_FORGET = 1.25
"""What fades exponentially gets so much longer, because an exchange disturbs it more than a late start does."""
_FACTOR = 16.0
_SUSPECTS = 6
"""The largest differences of a column that are put to the proof."""
_BOTH = 400
"""Rounds up to which each is made in every way; where more are needed, they go one way or the other in turn."""
_NOISE = 1e-9
"""Size of a difference that is no rounding."""
TURNED, FURTHER = "turned around", "went much further"
"""Bars driven against the course of the price, or along it: each answer of yes or no changes with one of them."""


class Suspect(NamedTuple):
    """A difference where none should be."""

    size: float
    row: int
    cut: int
    column: str
    way: str


@dataclass
class Screen:
    """Some bars, what a script makes of them, and how far apart cuts must lie not to disturb each other."""

    evaluate: Evaluate
    bars: pl.DataFrame
    first: int
    """Rows before it are not looked at."""
    before: Extent
    after: Extent = field(default_factory=Extent)
    ways: Sequence[str] = (TURNED, FURTHER)
    measured_from: int = 0
    """Row from which on it is measured how far ahead rows look."""
    suspects: dict[str, list[Suspect]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.whole, self.closes = self.evaluate(self.bars), stamps_of(self.bars)
        self.ends = self._ends(self.whole)
        self.deciding = np.searchsorted(self.closes, self.ends, "left")
        """By row, the first cut after which its value is known."""
        self.cleared, self.apart = self._zones()
        others = {way: _exchanged(self.bars, way) for way in self.ways}
        self._pairs = {
            way: list(zip(self.bars.iter_columns(), other.iter_columns(), strict=True)) for way, other in others.items()
        }
        plain = [c for c in self.whole.iter_columns() if not c.dtype.is_nested() and c.dtype != pl.String]
        self._bits = {c.name: bits(_floats(c)) for c in plain}
        self._usual = {c.name: _usual(c) for c in self.whole.iter_columns() if c.dtype.is_float()}
        self.ahead = 0

    def _zones(self) -> tuple[Rows, Rows]:
        """By cut, the row from which its exchange is forgotten, and the next cut that may share its round."""
        rows, last = np.arange(len(self.closes)), len(self.closes) - 1
        end = np.minimum(rows + _BLOCK, last)
        cleared = end + 1 + int(np.ceil(self.before.bars * _FORGET))
        if self.before.seconds:
            late = self.closes[np.minimum(end + 1, last)] + self.before.seconds * SECOND
            cleared = np.maximum(cleared, np.searchsorted(self.closes, late, "right") + 1)
        apart = cleared + self.after.bars
        if self.after.seconds:
            late = self.closes[np.minimum(cleared, last)] + self.after.seconds * SECOND
            apart = np.maximum(apart, np.searchsorted(self.closes, late, "right"))
        return cleared, np.maximum(apart + _CLEAR, rows + 1)

    def search(self, urgent: Rows, most: int) -> Search:
        """Exchange what follows each cut, the urgent ones first, in at most so many rounds each way."""
        cuts = np.arange(self.first, self.bars.height - 1)
        others = np.setdiff1d(cuts, urgent)
        crowd = float(np.median(self.apart[cuts] - cuts)) if len(cuts) else 1.0
        if crowd > most:
            share = np.random.default_rng(0).random(len(others)) < most / crowd
            others = others[share]
        done = np.zeros(self.bars.height, np.bool_)
        rounds = [chosen for some in (urgent, others) for chosen in together(some, self.apart, most)]
        for number, chosen in enumerate(rounds):
            done[chosen] = True
            for way in self.ways if len(rounds) <= _BOTH else self.ways[number % len(self.ways) :][:1]:
                self._look(chosen, way)
        valued = self.whole.select(pl.any_horizontal(pl.all().is_not_null())).to_series().to_numpy()
        tested = np.append(done, False)[np.minimum(self.deciding, len(done))] & valued
        tested[: self.first] = False
        leaks = tuple(self._confirmed())
        return Search(int(done.sum()), tested, leaks, self.ahead)

    def _exchange(self, cuts: Rows, way: str) -> pl.DataFrame:
        """The script's columns when the bars right after these cuts are others."""
        keep = np.ones(self.bars.height, np.bool_)
        keep[np.minimum(cuts[:, None] + np.arange(1, _BLOCK + 1), len(keep) - 1)] = False
        kept = pl.Series(keep)
        return self.evaluate(pl.DataFrame([ours.zip_with(kept, other) for ours, other in self._pairs[way]]))

    def _look(self, cuts: Rows, way: str) -> None:
        """Note what differs in rows that no exchange should reach, and how far ahead the others look."""
        made, clean = self._exchange(cuts, way), self._clean(cuts)
        found = [(each.name, *self._apart_in(self.whole[each.name], each, clean)) for each in made.iter_columns()]
        ends = self._ends(made) if any(len(rows) for _, rows, _ in found) else self.ends
        for column, rows, sizes in found:
            if not len(rows):
                continue
            following = cuts[np.searchsorted(cuts, rows)]
            known = np.minimum(self.ends[rows], ends[rows]) <= self.closes[following]
            if (early := ~known & (sizes > _NOISE) & (rows >= self.measured_from)).any():
                self.ahead = max(self.ahead, int((following[early] + 1 - rows[early]).max()))
            sizes, rows, following = sizes[known], rows[known], following[known]
            top = np.argpartition(-sizes, _SUSPECTS)[:_SUSPECTS] if len(sizes) > _SUSPECTS else slice(None)
            trios = zip(sizes[top].tolist(), rows[top].tolist(), following[top].tolist(), strict=True)
            suspects = [Suspect(*trio, column, way) for trio in trios]
            self.suspects[column] = sorted([*self.suspects.get(column, []), *suspects], reverse=True)[:_SUSPECTS]

    def _clean(self, cuts: Rows) -> NDArray[np.bool_]:
        """Rows between the zones that the exchanges after these cuts disturb, which do not overlap."""
        steps = np.zeros(self.bars.height + 1, np.int8)
        steps[cuts + 1] = 1
        steps[np.minimum(self.cleared[cuts], self.bars.height)] -= 1
        clean = np.cumsum(steps[:-1], dtype=np.int8) == 0
        clean[: self.first], clean[cuts[-1] + 1 :] = False, False
        return clean

    def _ends(self, frame: pl.DataFrame) -> NDArray:
        """By row, the moment at which its values are known, to a quarter of a microsecond."""
        if LABEL_END not in frame.columns:
            return self.closes
        ends = frame[LABEL_END].cast(pl.Float64).to_numpy()
        return np.where(np.isnan(ends), np.inf, ends)

    def _apart_in(self, ours: pl.Series, theirs: pl.Series, clean: NDArray[np.bool_]) -> tuple[Rows, NDArray]:
        """The clean rows in which two columns differ, and how much, relatively; infinitely where size says nothing."""
        if ours.dtype.is_nested() or ours.dtype == pl.String:
            rows = np.flatnonzero(ours.ne_missing(theirs).to_numpy() & clean)
            return rows, np.full(len(rows), np.inf)
        before, after = self._bits[ours.name], bits(_floats(theirs))
        rows = np.flatnonzero((before != after) & clean)
        if not len(rows) or not ours.dtype.is_float():
            return rows, np.full(len(rows), np.inf)
        a, b = before[rows].view(np.float64), after[rows].view(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            sizes = np.abs(a - b) / np.maximum(np.abs(a), self._usual[ours.name])
        return rows, np.where(np.isfinite(sizes) & (sizes > 0), sizes, np.inf)  # zeros of other sign are no rounding

    def _confirmed(self) -> Iterator[Moved]:
        """Suspects of which, with nothing else exchanged, something known moves by a bit."""
        for suspect in sorted({s for found in self.suspects.values() for s in found}, key=lambda s: (-s.size, s)):
            made = self._exchange(np.array([suspect.cut]), suspect.way)
            past = slice(self.first, suspect.cut + 1)
            moves = known_moves(self.whole[past], made[past], self.closes[suspect.cut])
            for column, row in moves:
                at = row + self.first
                if at >= self.measured_from:
                    self.ahead = max(self.ahead, suspect.cut + 1 - at)
                yield Moved(suspect.cut, at, column, self.whole[column][at], made[column][at], suspect.way)
                break


def together(cuts: Sequence[int] | Rows, apart: Rows, most: int) -> Iterator[Rows]:
    """Divide cuts among at most so many rounds; in a round the next cut after `cut` is `apart[cut]` or later.

    Example:
        >>> [chosen.tolist() for chosen in together(range(5), np.arange(5) + 2, 9)]
        [[0, 2, 4], [1, 3]]
    """
    size = len(apart)
    left = np.arange(1, size + 2)
    left[np.asarray(cuts, np.int64)] = np.asarray(cuts, np.int64)
    left[size] = size
    following, reach = left.tolist(), np.minimum(apart, size).tolist()

    def nearest(row: int) -> int:
        while following[row] != row:
            following[row] = following[following[row]]
            row = following[row]
        return row

    for _ in range(most):
        chosen = []
        row = nearest(0)
        while row < size:
            chosen.append(row)
            following[row] = row + 1
            row = nearest(reach[row])
        if not chosen:
            return
        yield np.array(chosen)


def _exchanged(bars: pl.DataFrame, way: str) -> pl.DataFrame:
    """Other bars in the place of each: every value driven up or down, every stamp moved halfway to the next."""
    rising = (pl.col("close").diff() > 0).fill_null(False) if "close" in bars.columns else pl.lit(True)
    up = bars.select(rising if way == FURTHER else ~rising).to_series()
    stamp = pl.col(pl.Datetime)
    moved = ((stamp.to_physical() + stamp.shift(-1).to_physical()) // 2).cast(NS).fill_null(stamp)
    driven = [_driven(column, up) for column in bars.iter_columns() if not column.dtype.is_temporal()]
    return bars.with_columns(moved).with_columns(driven)


def _driven(column: pl.Series, up: pl.Series) -> pl.Series:
    """Sixteen times as large where it goes up, a sixteenth where it goes down; columns of both signs change theirs."""
    if column.dtype == pl.Boolean:
        return ~column
    if column.dtype == pl.List:
        kind = column.dtype.inner  # pyright: ignore[reportAttributeAccessIssue]
        inner = pl.element() * pl.when(pl.element() > 0).then(_FACTOR).otherwise(-_FACTOR)
        if not kind.is_numeric():
            inner = ~pl.element() if kind == pl.Boolean else pl.element()
        return column.list.eval(inner.cast(kind))
    usual, sign = _usual(column), -1 if (column < 0).any() else 1
    risen, fallen = column * (sign * _FACTOR) + usual, column * (sign / _FACTOR)
    return (
        risen.zip_with(up | (column == 0).fill_null(True), fallen)
        .fill_null(usual)
        .cast(column.dtype)
        .rename(column.name)
    )


def _floats(column: pl.Series) -> pl.Series:
    return column if column.dtype == pl.Float64 else column.cast(pl.Float64)


def _usual(column: pl.Series) -> float:
    """Median size of the values that are not zero."""
    sizes = np.abs(column.drop_nulls().cast(pl.Float64).to_numpy())
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    return float(np.median(sizes)) if len(sizes) else 1.0
