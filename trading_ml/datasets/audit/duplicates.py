"""What is there twice: samples, windows, and whole days under two dates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trading_ml.core.instruments import instrument
from trading_ml.core.settings import Settings
from trading_ml.core.time import local_date
from trading_ml.datasets.audit.check import Check, Verdict, row

if TYPE_CHECKING:
    from trading_ml.datasets.audit.view import View

Codes = NDArray[np.uint64]
_RUN, _DISTINCT, _COLUMNS = 4, 8, 8
_ODD, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_INVERSE = np.uint64(pow(int(_ODD), -1, 2**64))


class Duplicates(Check):
    """A day that occurs again under another date is learnt twice, and tested where it was learnt.

    Two days of an instrument are the same where at least half of one's runs of four bars occur at the same time of day
    in the other, in most columns that vary: a rolling value may differ for a while after the day before did. Runs
    are compared by hash, to the bit.
    """

    share: float = Field(default=0.5, gt=0, le=1)
    """Share of a day's runs that must occur in the other day."""
    warn_windows: float = Field(default=0.01, ge=0, le=1)
    """Share of samples that show exactly what an earlier one showed above which the audit warns: a dead market."""

    def judge(self, view: View) -> Verdict:
        """A line an instrument."""
        said, rows = [], []
        again = view.dataset.samples.select("instrument", "ts").is_duplicated().sum()
        if again:
            said.append(("refuse", f"{again:,} samples have the moment of another one; build the dataset again"))
        for name, values in view.dataset.series.items():
            twins = list(self._twins(view, name, values))
            share = _repeated(view, name, values)
            rows.append(row(instrument=name, days_twice=len(twins), windows_seen_before=share))
            for one, two in twins[:5]:
                told = f"{name}: {two} holds the bars of {one} again"
                said.append(("refuse", f"{told}; remove the file that brings them, or leave the day out"))
            if share > self.warn_windows and not twins:
                told = f"{name}: {share:.1%} of the samples show exactly what an earlier one showed"
                said.append(("warn", f"{told}; leave dead hours out by `samples.where` or `bars.session`"))
        return Verdict(said, rows)

    def _twins(self, view: View, name: str, values: NDArray[np.float32]) -> Iterator[tuple[object, object]]:
        """Pairs of dates with the same bars, earlier date first."""
        zone = instrument(name, Settings().instruments).zone
        times = view.times(name).select(local_date("ts_open", zone), opens="ts_open")
        dates, day = np.unique(times.to_series(0).to_numpy(), return_inverse=True)
        local = times["opens"].dt.convert_time_zone(zone)
        clock = (local - local.dt.truncate("1d")).to_physical().to_numpy().astype(np.uint64)
        agreeing, varying = np.zeros((0,), np.int64), 0
        for column in values.T[np.linspace(0, values.shape[1] - 1, min(values.shape[1], _COLUMNS)).astype(int)]:
            if len(np.unique(column)) < _DISTINCT * min(len(dates), 2):
                continue
            varying += 1
            agreeing = np.concatenate([agreeing, self._alike(column, clock, day, len(dates))])
        pairs, columns = np.unique(agreeing, return_counts=True)
        for pair in pairs[2 * columns > varying].tolist():
            one, two = divmod(pair, len(dates))
            yield dates[one], dates[two]

    def _alike(self, column: NDArray[np.float32], clock: Codes, day: NDArray[np.int64], days: int) -> NDArray[np.int64]:
        """Pairs of days, one · days + two, of which one column says that they are the same."""
        runs, last = rolling(_codes(column) + clock * _MIX, _RUN), day[_RUN - 1 :]
        order = np.argsort(runs, kind="stable")
        one, two = last[order[:-1]], last[order[1:]]
        pairs, shared = np.unique(
            (one * days + two)[(runs[order[1:]] == runs[order[:-1]]) & (one != two)], return_counts=True
        )
        sizes = np.bincount(last, minlength=days)
        smaller = np.minimum(sizes[pairs // days], sizes[pairs % days])
        alike = pairs[(shared >= self.share * smaller) & (smaller >= _DISTINCT)]
        vary = [len(np.unique(column[day == pair // days])) >= _DISTINCT for pair in alike]
        return alike[np.array(vary, np.bool_)]


def _repeated(view: View, name: str, values: NDArray[np.float32]) -> float:
    """Share of an instrument's samples whose longest window is, to the bit, that of an earlier one."""
    longest = max(shown["window"] for shown in view.dataset.features.values())
    ends = view.rows(name)
    whole = np.zeros(len(values), np.uint64)
    for column in values.T:
        whole = (whole ^ _codes(column)) * _ODD
    shown = rolling(whole, longest)[ends - (longest - 1)]
    return float(1 - len(np.unique(shown)) / len(shown)) if len(shown) else 0.0


def _codes(column: NDArray[np.float32]) -> Codes:
    """Values by their bits, mixed (0 and −0 alike)."""
    bits = np.ascontiguousarray(column + np.float32(0)).view(np.uint32).astype(np.uint64)
    mixed = (bits + _ODD) * _MIX
    return (mixed ^ (mixed >> np.uint64(29))) * _ODD


def rolling(codes: Codes, length: int) -> Codes:
    """Hash of each run of `length` codes: Σ code · odd^position, taken back to position 0, modulo 2⁶⁴.

    Example:
        >>> one, two, three = rolling(np.array([1, 2, 3, 1, 2], np.uint64), 2)[[0, 1, 3]]
        >>> bool(one == three), bool(one == two)
        (True, False)
    """
    powers = np.cumprod(np.full(len(codes), _ODD))
    back = np.cumprod(np.full(len(codes), _INVERSE))
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(codes * powers)])
    return (sums[length:] - sums[:-length]) * back[: len(codes) - length + 1]
