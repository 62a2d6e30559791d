"""The perturbation engine: exchange the future after a cut, and see whether anything moves that was already known.

A leak of one bar shows at one cut only, so on the crafted series every cut is tried; on real bars the ends and starts
of sessions and as many cuts at random. At each cut the later bars are in turn driven far above (and turned around),
driven far below (and late by one), moved in time, and taken away; what was known must stay equal to the bit. A row is
known at its bar's close, unless a column `label_end` says when.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.context import Evaluate, closing
from trading_ml.core.script import LABEL_END

_ROSE, _FELL, _LATER, _MISSING = "rose a thousandfold", "fell to a thousandth", "came much later", "were missing"
_MUCH = 1000
_DELAY = "40d7h1m"
_STRATUM = 80


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
    tested: int
    """Cuts whose own row has a value."""
    leaks: tuple[Moved, ...]
    """What moved though it was known: at each leaking cut one value."""
    ahead: int
    """Bars from a row to the farthest later bar that, driven up or down, moved it; known by then or not."""

    def tell(self, bars: pl.DataFrame) -> str:
        """The first leak in one sentence; empty if there is none."""
        if not self.leaks:
            return ""
        found = self.leaks[0]
        after = "it" if found.row == found.cut else f"row {found.cut}"
        return (
            f"'{found.column}' {closing(bars, found.row)} moved from {found.before} to {found.after} when the bars "
            f"after {after} {found.future} (something known moved at {len(self.leaks):,} of {self.tried:,} cuts)"
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


def search(evaluate: Evaluate, bars: pl.DataFrame, cuts: Sequence[int], warm_up: int = 0) -> Search:
    """Exchange the future at every cut and compare what was known, but for the first `warm_up` rows."""
    whole, futures, closes = evaluate(bars), Futures(bars), bars["ts_close"].to_numpy()
    valued = whole.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    leaks: dict[int, Moved] = {}
    ahead = 0
    for cut in cuts:
        before = whole.slice(warm_up, cut + 1 - warm_up)
        for future, frame in futures.after(cut):
            after = evaluate(frame).slice(warm_up, cut + 1 - warm_up)
            for column, rows, known in _differences(before, after, closes[cut], future):
                if future in (_ROSE, _FELL):
                    ahead = max(ahead, before.height - int(rows[0]))
                if len(known) and cut not in leaks:
                    row = int(known[-1])
                    leaks[cut] = Moved(cut, row + warm_up, column, before[column][row], after[column][row], future)
            if cut in leaks:
                break
    return Search(len(cuts), int(valued[cuts].sum()), tuple(leaks.values()), ahead)


def _differences(
    before: pl.DataFrame, after: pl.DataFrame, now: np.datetime64, future: str
) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.int64]]]:
    """Columns that differ to the bit, in which rows, and in which of those that were known by `now`."""
    if before.equals(after):
        return
    ends = [frame[LABEL_END].to_numpy() for frame in (before, after) if LABEL_END in frame.columns]
    for column in before.columns:
        rows = np.flatnonzero(before[column].ne_missing(after[column]).to_numpy())
        if not len(rows):
            continue
        known = np.any([end[rows] <= now for end in ends], axis=0) if ends else np.ones(len(rows), np.bool_)
        if ends and future == _MISSING and column != LABEL_END:  # an answer at the end of the bars claims to be known
            known |= after[column].is_not_null().to_numpy()[rows]
        yield column, rows, rows[known]


def stratified(bars: pl.DataFrame, first: int) -> list[int]:
    """Cuts from row `first` on: at ends and at starts of sessions, and at random; the same for the same bars."""
    opens, closes = pl.col("ts_open"), pl.col("ts_close")
    pause = opens.shift(-1) - closes > pl.duration(minutes=30)
    ends = bars.select((pause | (opens.dt.date() != opens.shift(-1).dt.date())).arg_true()).to_series().to_numpy()
    anywhere = np.random.default_rng(0).permutation(bars.height)
    cuts: set[int] = set()
    for stratum in (ends, ends + 1, anywhere):
        fitting = stratum[(stratum >= first) & (stratum < bars.height - 1)]
        spread = np.linspace(0, len(fitting) - 1, min(len(fitting), _STRATUM)).astype(int)
        cuts |= set(fitting[spread].tolist())
    return sorted(cuts)
