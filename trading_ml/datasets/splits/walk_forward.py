"""Walk forward: train on the past, judge on what came next, move on."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

from trading_ml.core.errors import NoData
from trading_ml.datasets.splits.split import Part, Split


class WalkForward(Split):
    """Fold after fold, `train` days teach, the next `validation` days validate, the next `test` days test.

    Days are the dates, in each sample's own zone, on which there are samples. Each fold begins `step` days after the
    one before it; when `expanding`, it trains on all days before instead. What does not fit at the end makes no fold;
    the last fold is the newest, and the one that a single model is trained on.

    Example:
        >>> from datetime import date
        >>> split = WalkForward(train=3, validation=1, test=1)
        >>> days = pl.DataFrame({"date": [date(2024, 1, day) for day in range(1, 7)]})
        >>> [fold.to_list()[-3:] for fold in split.folds(days)]
        [['validation', 'test', None], ['train', 'validation', 'test']]
    """

    by: Literal["walk_forward"] = "walk_forward"
    train: int = Field(ge=1)
    """Days that train; the fewest when `expanding`."""
    validation: int = Field(ge=1)
    """Days that validate."""
    test: int = Field(ge=1)
    """Days that test."""
    step: int | None = Field(None, ge=1)
    """Days from fold to fold; as many as `test` if left out, so that every day tests once."""
    expanding: bool = False
    """Train on all days before the validation, not on the last `train` only."""

    def folds(self, samples: pl.DataFrame) -> list[pl.Series]:
        """As many folds as fit; days before and after a fold's are not in it.

        Raises:
            NoData: when not even one fits.
        """
        dates, age = np.unique(samples["date"].to_numpy(), return_inverse=True)
        days, whole = len(dates), self.train + self.validation + self.test
        if days < whole:
            problem = f"there are samples on {days} days, from {dates[0]} to {dates[-1]}; a fold takes {whole}"
            raise NoData("split", problem, "give more days, or shorten train, validation or test")
        return [self._fold(age, start) for start in range(0, days - whole + 1, self.step or self.test)]

    def _fold(self, age: np.ndarray, start: int) -> pl.Series:
        bounds = np.cumsum([start, self.train, self.validation, self.test])
        part = np.searchsorted(bounds, age, "right") - 1
        part[(age < start) & self.expanding] = 0
        return pl.Series("part", part).replace_strict(dict(enumerate(Part.categories[:3])), default=None).cast(Part)
