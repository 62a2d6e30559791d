"""Which columns of the feature and label tables make up a dataset, and on which days they are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from trading_ml.core.errors import NoData
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake
from trading_ml.core.script import LABEL_END
from trading_ml.core.time import day_bounds, span
from trading_ml.datasets.params import DatasetParams


@dataclass(frozen=True)
class Window:
    """What a sample shows of one feature: `columns` over the last `length` bars, the sample's bar included."""

    length: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Columns by feature and by label, in the order of the project file."""

    windows: Mapping[str, Window]
    labels: Mapping[str, tuple[str, ...]]
    """Value columns by label."""
    ends: tuple[str, ...]
    """The columns that say until when each label reaches."""

    @classmethod
    def of(cls, params: DatasetParams) -> Self:
        """The columns that the project's scripts have in their tables."""
        shown = {name: (use.window, use.bound.names(name)) for name, use in params.features.items()}
        asked = {name: use.bound.names(name) for name, use in params.labels.items()}
        return cls(
            {name: Window(length, tuple(columns.values())) for name, (length, columns) in shown.items()},
            {name: tuple(c for key, c in columns.items() if key != LABEL_END) for name, columns in asked.items()},
            tuple(columns[LABEL_END] for columns in asked.values()),
        )

    @property
    def features(self) -> list[str]:
        """All feature columns."""
        return [column for window in self.windows.values() for column in window.columns]

    @property
    def longest(self) -> int:
        """Bars of the longest window."""
        return max(window.length for window in self.windows.values())

    @property
    def values(self) -> list[str]:
        """All label value columns."""
        return [column for columns in self.labels.values() for column in columns]


def days(lake: Lake, params: DatasetParams, instrument: Instrument, start: str | None, end: str | None) -> list[date]:
    """The days from `start` (inclusive) to `end` (exclusive), read in the instrument's zone, that lie wholly inside.

    Raises:
        NoData: when none has features, when one has no labels, or when either was built from other scripts.
    """
    where, name = f"{params.project}, {instrument.name}", instrument.name
    low, high = span(start, end, instrument.zone)
    features, labels = lake.table("features", params.project), lake.table("labels", params.project)
    bounds = {day: day_bounds(day, instrument.zone) for day in features.dates(name)}
    inside = [day for day, (first, last) in bounds.items() if low <= first and last <= high]
    if not inside:
        there = f"; there are features from {min(bounds)} to {max(bounds)}" if bounds else ""
        asked = f" from {start or 'the beginning'} to {end or 'the end'}" if start or end else ""
        raise NoData(where, f"no features{asked}{there}", advice(params.project))
    labelled = set(labels.dates(name))
    if missing := [day for day in inside if day not in labelled]:
        problem = f"{len(missing)} of {len(inside)} days have features but no labels, first {missing[0]}"
        raise NoData(where, problem, advice(params.project))
    return inside


def advice(project: str) -> str:
    """What to run when features or labels are missing."""
    return f"run `trading-ml project run {project}`, which builds features and labels first"
