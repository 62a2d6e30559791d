"""Split by date: train, then validation, then test, cut at the same calendar dates for every instrument."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

import polars as pl
from pydantic import model_validator

from trading_ml.datasets.splits.split import Part, Split


class ByDate(Split):
    """Samples before `validation_from` train, those from `test_from` on test, those between validate.

    The date of a sample is its partition date, in its instrument's own zone, so several instruments share the date
    and a US evening print stays in its day.

    Example:
        >>> split = ByDate(validation_from=date(2024, 3, 1), test_from=date(2024, 4, 1), embargo="1h")
        >>> split.folds(pl.DataFrame({"date": [date(2024, 2, 29), date(2024, 3, 1), date(2024, 4, 1)]}))[0].to_list()
        ['train', 'validation', 'test']
    """

    by: Literal["date"] = "date"
    validation_from: date
    """First date of the validation part."""
    test_from: date
    """First date of the test part."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.test_from <= self.validation_from:
            raise ValueError(f"test_from {self.test_from} must come after validation_from {self.validation_from}")
        return self

    def folds(self, samples: pl.DataFrame) -> list[pl.Series]:
        """One fold, every sample in it."""
        day = pl.col("date")
        part = (
            pl.when(day < self.validation_from)
            .then(pl.lit("train"))
            .when(day < self.test_from)
            .then(pl.lit("validation"))
            .otherwise(pl.lit("test"))
        )
        return [samples.select(part=part.cast(Part)).to_series()]
