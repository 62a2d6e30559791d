"""Split by shares of the samples in time."""

from __future__ import annotations

from typing import Literal, Self

import polars as pl
from pydantic import Field, model_validator

from trading_ml.datasets.splits.split import Split, in_time


class Ratios(Split):
    """The earliest samples train, the next validate, the latest test, cut at the same moments for every instrument.

    Samples of one moment stay together, so the shares are those of the samples up to such ties.

    Example:
        >>> Ratios().folds(pl.DataFrame({"ts": range(20)}))[0].value_counts(sort=True)["count"].to_list()
        [14, 3, 3]
    """

    by: Literal["ratios"] = "ratios"
    train: float = Field(0.70, gt=0, lt=1)
    """Share of the samples that train."""
    validation: float = Field(0.15, gt=0, lt=1)
    """Share that validates; the rest tests."""

    @model_validator(mode="after")
    def _leave_a_test_part(self) -> Self:
        if self.train + self.validation >= 1:
            raise ValueError(f"train {self.train} and validation {self.validation} leave nothing to test on")
        return self

    def folds(self, samples: pl.DataFrame) -> list[pl.Series]:
        """One fold, every sample in it."""
        size = samples.height
        return [in_time(samples, round(self.train * size), round((self.train + self.validation) * size))]
