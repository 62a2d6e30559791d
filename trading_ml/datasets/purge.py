"""Purge and embargo: no sample that teaches may share time with a sample that judges.

A sample's label interval is [`ts`, `label_end`); two samples overlap iff `a.ts < b.label_end and b.ts < a.label_end`,
whatever their instruments. Training samples give way to validation and test, validation samples to test. An embargo
widens the interval of the judging sample on both sides. All times are nanoseconds UTC.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trading_ml.datasets.splits.split import PARTS

Times = NDArray[np.int64]
_TRAIN, _VALIDATION, _TEST, _PURGED = range(len(PARTS))
_GIVES_WAY = ((_TRAIN, (_VALIDATION, _TEST)), (_VALIDATION, (_TEST,)))


def purge(parts: NDArray[np.int8], starts: Times, ends: Times, embargo: int = 0) -> NDArray[np.int8]:
    """Codes of `PARTS` (-1: not in the fold) with every sample that must give way turned into `purged`.

    O(n log n).

    Example:
        >>> purge(np.array([0, 0, 2], np.int8), np.array([0, 5, 10]), np.array([6, 11, 16])).tolist()
        [0, 3, 2]
    """
    purged = parts.copy()
    for part, judges in _GIVES_WAY:
        own, other = np.flatnonzero(parts == part), np.isin(parts, judges)
        hit = overlapping(starts[own], ends[own], starts[other] - embargo, ends[other] + embargo)
        purged[own[hit]] = _PURGED
    return purged


def overlapping(starts: Times, ends: Times, other_starts: Times, other_ends: Times) -> NDArray[np.bool_]:
    """Which intervals overlap at least one other interval.

    Of the others that start before an interval's end, one overlaps iff the latest end among them lies after its start.
    """
    if not len(other_starts):
        return np.zeros(len(starts), np.bool_)
    order = np.argsort(other_starts)
    latest = np.maximum.accumulate(other_ends[order])
    earlier = np.searchsorted(other_starts[order], ends, side="left")
    return (earlier > 0) & (latest[np.maximum(earlier, 1) - 1] > starts)


def count_overlaps(parts: NDArray[np.int8], starts: Times, ends: Times, embargo: int = 0) -> int:
    """Overlapping pairs of samples between parts: the purge's independent verification, 0 on a sound split.

    Two intervals that do not overlap lie apart on one side or the other (never on both, since every label ends
    after its sample), so pairs − pairs apart before − pairs apart after remain.
    """
    return sum(
        _pairs(
            starts[parts == part], ends[parts == part], starts[parts == judge] - embargo, ends[parts == judge] + embargo
        )
        for part, judges in _GIVES_WAY
        for judge in judges
    )


def _pairs(starts: Times, ends: Times, other_starts: Times, other_ends: Times) -> int:
    before = np.searchsorted(np.sort(other_ends), starts, side="right").sum()
    after = (len(other_starts) - np.searchsorted(np.sort(other_starts), ends, side="left")).sum()
    return len(starts) * len(other_starts) - int(before) - int(after)
