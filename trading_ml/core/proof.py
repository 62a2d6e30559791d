"""The perturbation engine: exchange the future after a cut, and see whether anything moves that was already known.

At a cut all later bars are in turn driven far above (and turned around), driven far below (and late by one), moved in
time, and taken away; what was known must stay equal to the bit. A row is known at its bar's close, unless a column
`label_end` says when. A leak that reaches far shows at many cuts; a leak of one bar shows at one cut only, so
`core/screen.py` tries every cut, many at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.context import Evaluate, closing, stamps_of
from trading_ml.core.script import LABEL_END

_ROSE, _FELL, _LATER, _MISSING = "rose a thousandfold", "fell to a thousandth", "came much later", "were missing"
_MUCH = 1000
_DELAY = "40d7h1m"


class Moved(NamedTuple):
    """One value that should have stayed."""

    cut: int
    row: int
    column: str
    before: Any
    after: Any
    future: str


@dataclass(frozen=True)
class Search:
    """What was found while the future was exchanged."""

    tried: int
    """Cuts."""
    tested: NDArray[np.bool_]
    """By row, whether it has a value and the future was exchanged right after this was known."""
    leaks: tuple[Moved, ...]
    """What moved though it was known: at each leaking cut one value."""
    ahead: int
    """Bars from a row to the farthest later bar that, driven up or down, moved it; known by then or not."""

    def __or__(self, other: Search) -> Search:
        """Both searches over the same bars as one."""
        leaks, ahead = (*self.leaks, *other.leaks), max(self.ahead, other.ahead)
        return Search(self.tried + other.tried, self.tested | other.tested, leaks, ahead)

    def tell(self, bars: pl.DataFrame) -> str:
        """The first leak in one sentence; empty if there is none."""
        if not self.leaks:
            return ""
        found = self.leaks[0]
        after = "it" if found.row == found.cut else f"row {found.cut}"
        return (
            f"'{found.column}' {closing(bars, found.row)} moved from {found.before} to {found.after} when the bars "
            f"after {after} {found.future} (shown at {len(self.leaks):,} of {self.tried:,} cuts)"
        )


class Futures:
    """Some bars, and what their future may be instead from any cut on."""

    def __init__(self, bars: pl.DataFrame) -> None:
        stamps, values = pl.col(pl.Datetime), pl.all().exclude(pl.Datetime)
        late = pl.concat([bars.head(1), bars.head(-1)]).with_columns(bars.select(stamps))
        self.bars = bars
        self._others = {
            _ROSE: _driven(bars.with_columns(values.reverse()), _MUCH),
            _FELL: _driven(late, 1 / _MUCH),
            _LATER: bars.with_columns(stamps.dt.offset_by(_DELAY)),
        }

    def after(self, cut: int) -> Iterator[tuple[str, pl.DataFrame]]:
        """The bars through row `cut`, with each future in turn, the last of them none."""
        past = self.bars.head(cut + 1)
        for name, other in self._others.items():
            yield name, past.vstack(other.slice(cut + 1)).rechunk()
        yield _MISSING, past


def _driven(bars: pl.DataFrame, factor: float) -> pl.DataFrame:
    """All values driven to an extreme, as far as their type goes; columns that know both signs change theirs."""
    numbers = [column for column in bars.iter_columns() if column.dtype.is_numeric()]
    signs = [-1 if column.dtype.is_float() and (column < 0).any() else 1 for column in numbers]
    driven = [(column * factor * sign).cast(column.dtype) for column, sign in zip(numbers, signs, strict=True)]
    return bars.with_columns(*driven, ~pl.col(pl.Boolean))


def search(
    evaluate: Evaluate, bars: pl.DataFrame, cuts: Sequence[int], warm_up: int = 0, measured_from: int = 0
) -> Search:
    """Exchange the future at every cut and compare what was known, but for the first `warm_up` rows.

    How far ahead a row looks is measured at cuts from `measured_from` on.
    """
    whole, futures, closes = evaluate(bars), Futures(bars), stamps_of(bars)
    valued = whole.select(pl.any_horizontal(pl.all().is_not_null())).to_series().to_numpy()
    leaks: dict[int, Moved] = {}
    ahead = 0
    for cut in cuts:
        before = whole.slice(warm_up, cut + 1 - warm_up)
        for future, frame in futures.after(cut):
            after = evaluate(frame).slice(warm_up, cut + 1 - warm_up)
            if future in (_ROSE, _FELL) and cut >= measured_from:
                ahead = max([ahead, *(before.height - int(rows[0]) for _, rows in moves(before, after))])
            for column, row in known_moves(before, after, closes[cut], nothing_follows=future == _MISSING):
                leaks[cut] = Moved(cut, row + warm_up, column, before[column][row], after[column][row], future)
                break
            if cut in leaks:
                break
    tested = np.zeros(bars.height, np.bool_)
    tested[list(cuts)] = valued[list(cuts)]
    return Search(len(cuts), tested, tuple(leaks.values()), ahead)


def moves(before: pl.DataFrame, after: pl.DataFrame) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Columns that differ to the bit, and in which rows."""
    for ours, theirs in zip(before.iter_columns(), after.iter_columns(), strict=True):
        differ = bits(ours) != bits(theirs) if ours.dtype == pl.Float64 else ours.ne_missing(theirs).to_numpy()
        if len(rows := np.flatnonzero(differ)):
            yield ours.name, rows


def bits(column: pl.Series) -> NDArray[np.int64]:
    """A column of floats as integers: zeros of either sign differ, nulls are alike."""
    return np.ascontiguousarray(column.to_numpy()).view(np.int64)


def known_moves(
    before: pl.DataFrame, after: pl.DataFrame, now: int, *, nothing_follows: bool = False
) -> Iterator[tuple[str, int]]:
    """Columns that differ in a row that was known by the nanosecond `now`, each with the last such row."""
    ends = [known_at(frame) for frame in (before, after) if LABEL_END in frame.columns]
    for column, rows in moves(before, after):
        known = np.any([end[rows] <= now for end in ends], axis=0) if ends else np.ones(len(rows), np.bool_)
        if ends and nothing_follows and column != LABEL_END:  # an answer at the end of the bars claims to be known
            known |= after[column].is_not_null().to_numpy()[rows]
        if known.any():
            yield column, int(rows[known][-1])


def known_at(frame: pl.DataFrame) -> NDArray[np.int64]:
    """By row, the nanosecond that `label_end` says; the end of time where it says nothing."""
    return frame[LABEL_END].to_physical().fill_null(np.iinfo(np.int64).max).to_numpy()
