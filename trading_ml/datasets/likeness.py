"""Whether new days look like what a model learnt: a small reference of the training part, kept beside a dataset's own.

The reference is made once, when the dataset is built; to look at new days costs the reading of some of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import numpy as np
import polars as pl

from trading_ml.core.params import Params
from trading_ml.datasets.audit.drift import edges, index, psi, shares
from trading_ml.datasets.audit.view import Floats, spread
from trading_ml.datasets.dataset import Dataset

_MOST, _FEWEST, _STRETCHES = 30_000, 1000, 10
BESIDE = 2.5
"""How many times as far as the farthest stretch of training new values may be without drifting, as in the audit."""


class Column(Params):
    """How a column's values were distributed in training."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    within: float
    """The largest PSI of a tenth of training against the rest of it: how far it goes by itself."""

    @classmethod
    def of(cls, values: Floats) -> Self:
        """Of values in the order of time."""
        bounds, parts = edges(values), np.array_split(values, _STRETCHES)
        rests = [np.concatenate([*parts[:n], *parts[n + 1 :]]) for n in range(len(parts))]
        within = max(psi(rest, own) for rest, own in zip(rests, parts, strict=True))
        return cls(edges=tuple(bounds.tolist()), shares=tuple(shares(values, bounds).tolist()), within=within)

    def distance(self, values: Floats) -> float:
        """How far new values are from training; 0 where training itself went as far."""
        found = index(np.array(self.shares), shares(values, np.array(self.edges)))
        return found if found > BESIDE * self.within else 0.0


class Reference(Params):
    """The feature columns over the bars of a dataset's training part."""

    columns: dict[str, Column]

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """Of all bars up to the last one of the training part, of every instrument."""
        train = dataset.ends[dataset.indices("train")]
        owners = dataset.samples["instrument"].to_physical().to_numpy()[dataset.indices("train")]
        rows = np.concatenate([_between(train[owners == owner]) for owner in np.unique(owners)])
        chosen = spread(rows, _MOST)
        whole = np.concatenate([block[chosen] for block in dataset.blocks.values()], axis=1).astype(np.float64)
        columns = zip(dataset.columns, whole.T, strict=True)
        finite = ((name, values[np.isfinite(values)]) for name, values in columns)
        return cls(columns={name: Column.of(values) for name, values in finite if len(values) >= _FEWEST})

    def farthest(self, days: Iterable[pl.DataFrame]) -> tuple[str, float] | None:
        """The column that is farthest on some days' features, and its PSI; None where there are too few bars."""
        frames = list(days)
        found = {}
        for name, column in self.columns.items():
            values = np.concatenate([_finite(frame[name]) for frame in frames]) if frames else np.empty(0)
            if len(values) >= _FEWEST:
                found[name] = column.distance(spread(values, _MOST))
        return max(found.items(), key=lambda told: told[1], default=None)


def _between(ends: np.ndarray) -> np.ndarray:
    return np.arange(ends.min(), ends.max() + 1)


def _finite(column: pl.Series) -> Floats:
    values = column.drop_nulls().to_numpy().astype(np.float64)
    return values[np.isfinite(values)]
