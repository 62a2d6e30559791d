"""What checks see of a dataset: each thing looked up once, of the newest fold, by part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.datasets.series import Chunk, Store

if TYPE_CHECKING:
    from trading_ml.datasets.dataset import Dataset

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Number = TypeVar("Number", np.int64, np.float64)
FEWEST_BLOCKS = 10
"""Blocks of overlapping labels below which a score may be chance."""


class Question(NamedTuple):
    """What a score is about: a number, or whether a class is the answer.

    Attributes:
        name: The label column, with the class where there are more than two.
        is_number: Whether it asks for a number.
        answers: One a sample.
    """

    name: str
    is_number: bool
    answers: Floats


@dataclass(frozen=True)
class View:
    """A dataset as the audit looks at it.

    Of the test part checks may see how features and labels are distributed. What relates features to labels, and
    every score, is made of `taught` samples alone: those of the training and the validation part.
    """

    dataset: Dataset

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The dataset's manifest."""
        return self.dataset.manifest

    @property
    def columns(self) -> list[str]:
        """Names of all feature columns."""
        return self.dataset.columns

    def indices(self, part: str) -> Indices:
        """The samples of a part of the newest fold, in the order of time, instruments side by side."""
        return self.in_time(self.dataset.indices(part))

    @cached_property
    def taught(self) -> Indices:
        """The samples that train or validate, in the order of time."""
        return self.in_time(np.concatenate([self.dataset.indices(part) for part in ("train", "validation")]))

    def times(self, instrument: str) -> pl.DataFrame:
        """`ts_open` and `ts_close` of every bar of an instrument's series."""
        chunks = [Chunk(**entry) for entry in self.manifest["chunks"] if entry["kind"] == "features"]
        store = Store(self.dataset.lake, self.dataset.project)
        return store.read([chunk for chunk in chunks if chunk.instrument == instrument], ["ts_open", "ts_close"])

    def rows(self, instrument: str) -> Indices:
        """Rows of an instrument's samples in its series."""
        own = self.dataset.samples.filter(pl.col("instrument") == instrument)
        return own["row"].to_numpy().astype(np.int64)

    def in_time(self, indices: Indices) -> Indices:
        """The same samples, earliest first."""
        return indices[np.argsort(self._moments[indices], kind="stable")]

    def questions(self, indices: Indices) -> Iterator[Question]:
        """Every label as numbers; of more than two classes, one question a class."""
        for label, classes in self.dataset.classes.items():
            answers = self.dataset.labels(indices, label).astype(np.float64)
            if classes is None or len(classes) == 2:
                yield Question(label, classes is None, answers)
                continue
            for code, name in enumerate(classes):
                yield Question(f"{label} = {name}", False, (answers == code).astype(np.float64))

    def overlap(self, indices: Indices) -> int:
        """Samples in a block that holds its labels' overlap; `indices` are in the order of time.

        The most samples that one label reaches over, but at least the cube root of their number (Hall et al. 1995).
        """
        starts, ends = self.dataset.label_intervals(indices)
        reached = int((np.searchsorted(starts, ends, "left") - np.arange(len(starts))).max(initial=1))
        return max(reached, round(len(indices) ** (1 / 3)))

    def permutations(self, size: int, length: int, count: int) -> Indices:
        """Positions in `count` new orders, shape (size, count): blocks shuffled, the first cut anywhere."""
        rng = np.random.default_rng(int(self.dataset.digest[:16], 16))
        orders = []
        for _ in range(count):
            blocks = np.array_split(np.roll(np.arange(size), int(rng.integers(size))), max(1, size // length))
            orders.append(np.concatenate([blocks[number] for number in rng.permutation(len(blocks))]))
        return np.stack(orders, axis=1)

    @cached_property
    def _moments(self) -> NDArray[np.int64]:
        return self.dataset.samples["ts"].to_physical().to_numpy()


def spread(indices: NDArray[Number], most: int) -> NDArray[Number]:
    """At most so many of the samples, evenly over all of them.

    Example:
        >>> spread(np.arange(10), 4).tolist()
        [0, 3, 6, 9]
    """
    return indices[np.linspace(0, len(indices) - 1, most).round().astype(np.int64)] if len(indices) > most else indices
