"""What checks see of a dataset: each thing looked up once, of the newest fold, by part."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.datasets.splits import PARTS

if TYPE_CHECKING:
    from trading_ml.datasets.dataset import Dataset


@dataclass(frozen=True)
class View:
    """A dataset as the audit looks at it.

    Of the test part checks may see how features and labels are distributed; no model is ever scored on it.
    """

    dataset: Dataset
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The dataset's manifest."""
        return self.dataset.manifest

    def values(self, part: str) -> NDArray[np.float32]:
        """All feature columns at the samples of a part of the newest fold, shape (samples, columns)."""
        if part not in self._kept:
            self._kept[part] = self.dataset.last(self.dataset.indices(part))
        return self._kept[part]

    @cached_property
    def parts(self) -> pl.Series:
        """The part of every sample in the newest fold, null where it is in none."""
        rows = self.dataset.folds.filter(pl.col("fold") == len(self.manifest["folds"]) - 1)
        codes = np.full(self.dataset.samples.height, -1, np.int64)
        codes[rows["sample"].to_numpy()] = rows["part"].to_physical().to_numpy()
        return pl.Series("part", codes).replace_strict(dict(enumerate(PARTS)), default=None, return_dtype=pl.String)
