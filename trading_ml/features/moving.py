"""Moving windows: what neither TA-Lib nor Polars says of the last bars, and when a window says nothing.

Each window is computed from its own rows alone and in one order, so values are equal to the bit wherever the
computation began, and a flat window is flat exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from trading_ml.core.compiled import compiled
from trading_ml.features.kernel import Numbers, numbers
from trading_ml.features.windows import largest, smallest


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """`part` / `whole`, null where there is nothing to divide by.

    Example:
        >>> pl.select(ratio(pl.lit(1.0), pl.lit(0.0))).item() is None
        True
    """
    return pl.when(whole != 0).then(part / whole)


def flat(column: pl.Expr, period: int) -> pl.Expr:
    """Whether the last `period` values are all the same."""
    return largest(column, period) == smallest(column, period)


class Pairs(NamedTuple):
    """Sums over the pairs (x, y) of each row's window, x and y taken from the window's last pair.

    That pair being one of the window's own, a central sum loses no more digits than the window's length has.
    """

    known: Numbers
    x: Numbers
    y: Numbers
    xx: Numbers
    xy: Numbers
    yy: Numbers

    @property
    def central(self) -> tuple[Numbers, Numbers, Numbers]:
        """Σ (x − x̄)², Σ (x − x̄)(y − ȳ) and Σ (y − ȳ)²."""
        x, y = self.x / self.known, self.y / self.known
        return self.xx - x * self.x, self.xy - x * self.y, self.yy - y * self.y


def paired(x: pl.Expr, y: pl.Expr, period: int, told: Callable[[Pairs], Numbers], complete: bool = True) -> pl.Expr:
    """What `told` makes of the last `period` pairs; null where they are fewer, and where the answer is not a number.

    Args:
        x: One half of the pairs.
        y: The other half.
        period: Rows in the window.
        told: Computes the answers of all rows.
        complete: Whether a pair without a finite half makes the answer null; otherwise it is left out.
    """

    def compute(columns: Sequence[pl.Series]) -> pl.Series:
        pairs = Pairs(*_sums(_numbers(columns[0]), _numbers(columns[1]), period))
        with np.errstate(invalid="ignore", divide="ignore"):
            values = told(pairs)
        enough = pairs.known >= (period if complete else 2)
        return pl.Series(np.where(enough, values, np.nan), nan_to_null=True)

    return pl.map_batches([x.cast(pl.Float64), y.cast(pl.Float64)], compute, return_dtype=pl.Float64)


def covariance(x: pl.Expr, y: pl.Expr, period: int) -> pl.Expr:
    """Sample covariance of the last `period` pairs."""
    return paired(x, y, period, lambda pairs: pairs.central[1] / (pairs.known - 1))


def slope(x: pl.Expr, y: pl.Expr, period: int) -> pl.Expr:
    """Slope of the least-squares line of y over x; null where x is flat."""
    return paired(x, y, period, lambda pairs: pairs.central[1] / pairs.central[0])


def residual(x: pl.Expr, y: pl.Expr, period: int) -> pl.Expr:
    """How far the last y lies above the least-squares line of y over x; null where x is flat."""

    def told(pairs: Pairs) -> Numbers:
        xx, xy, _ = pairs.central
        return (xy / xx * pairs.x - pairs.y) / pairs.known

    return paired(x, y, period, told)


def correlation(x: pl.Expr, y: pl.Expr, period: int, least: float = 0.0, complete: bool = True) -> pl.Expr:
    """Pearson's correlation of the last `period` pairs; null where x or y deviates by no more than `least`."""

    def told(pairs: Pairs) -> Numbers:
        xx, xy, yy = pairs.central
        moves = np.minimum(xx, yy) > least**2 * (pairs.known - 1)
        return np.where(moves, np.clip(xy / np.sqrt(xx * yy), -1, 1), np.nan)

    return paired(x, y, period, told, complete)


def total(column: pl.Expr, period: int) -> pl.Expr:
    """Sum of the last `period` values: the rolling sum, but for what a running one still carries of larger values."""
    return computed(_totals, column, period)


def ranked(column: pl.Expr, period: int) -> pl.Expr:
    """Mean rank of the last of `period` values among them, 1 being the smallest; equal ones share theirs."""
    return computed(_ranks, column, period)


def highest(column: pl.Expr, period: int) -> pl.Expr:
    """Place of the first of the largest of `period` values, the oldest being 1."""
    return computed(_places, column, period)


def computed(function: Callable[..., Numbers], column: pl.Expr, *params: int) -> pl.Expr:
    """What `function` makes of the whole column as an array, in which null is NaN; an answer of NaN is null."""

    def compute(values: pl.Series) -> pl.Series:
        return pl.Series(function(_numbers(values), *params), nan_to_null=True)

    return column.cast(pl.Float64).map_batches(compute, return_dtype=pl.Float64)


def _numbers(column: pl.Series) -> Numbers:
    """A copy, so that kernels are compiled for one kind of array only; null is NaN."""
    return np.array(numbers(column))


@compiled
def _sums(x: Numbers, y: Numbers, period: int) -> Numbers:
    """The `Pairs` of each row as six rows; all zero where the window is not full yet.

    Where nothing is missing, windows of neighbouring rows are summed side by side, each in its own order.
    """
    out = np.zeros((6, len(x)))
    finite = np.isfinite(x) & np.isfinite(y)
    last = 0
    for start in range(0, len(x), 256):
        stop, full = min(start + 256, len(x)), max(start, period - 1)
        if full < stop and finite[full - period + 1 : stop].all():
            last = stop - 1
            at_x, at_y, rows = x[full:stop], y[full:stop], stop - full
            sx, sy, sxx, sxy, syy = np.zeros(rows), np.zeros(rows), np.zeros(rows), np.zeros(rows), np.zeros(rows)
            for back in range(period - 1, -1, -1):
                before_x, before_y = x[full - back : stop - back], y[full - back : stop - back]
                for row in range(rows):
                    dx, dy = before_x[row] - at_x[row], before_y[row] - at_y[row]
                    sx[row] += dx
                    sy[row] += dy
                    sxx[row] += dx * dx
                    sxy[row] += dx * dy
                    syy[row] += dy * dy
            out[0, full:stop], out[1, full:stop], out[2, full:stop] = period, sx, sy
            out[3, full:stop], out[4, full:stop], out[5, full:stop] = sxx, sxy, syy
            continue
        for end in range(start, stop):
            last = end if finite[end] else last
            for row in range(end - period + 1 if end >= period - 1 else end + 1, end + 1):
                if finite[row]:
                    dx, dy = x[row] - x[last], y[row] - y[last]
                    out[0, end] += 1.0
                    out[1, end] += dx
                    out[2, end] += dy
                    out[3, end] += dx * dx
                    out[4, end] += dx * dy
                    out[5, end] += dy * dy
    return out


@compiled
def _totals(values: Numbers, period: int) -> Numbers:
    out = np.full(len(values), np.nan)
    for end in range(period - 1, len(values)):
        total = 0.0
        for row in range(end - period + 1, end + 1):
            total += values[row]
        out[end] = total
    return out


@compiled
def _ranks(values: Numbers, period: int) -> Numbers:
    out = np.full(len(values), np.nan)
    for end in range(period - 1, len(values)):
        smaller = equal = missing = 0
        for row in range(end - period + 1, end + 1):
            smaller += values[row] < values[end]
            equal += values[row] == values[end]
            missing += np.isnan(values[row])
        if missing == 0:
            out[end] = smaller + (equal + 1) / 2
    return out


@compiled
def _places(values: Numbers, period: int) -> Numbers:
    out = np.full(len(values), np.nan)
    best, missing = 0, -1
    for end in range(len(values)):
        if np.isnan(values[end]):
            missing = end
            continue
        first = max(end - period + 1, missing + 1)
        if best < first:  # the largest has left the window
            best = first
            for row in range(first + 1, end + 1):
                if values[row] > values[best]:
                    best = row
        elif values[end] > values[best]:
            best = end
        if end - first == period - 1:
            out[end] = best - first + 1
    return out
