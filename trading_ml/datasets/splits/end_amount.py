"""Split off so many samples at the end."""

from __future__ import annotations

from typing import Literal

import polars as pl
from pydantic import Field

from trading_ml.datasets.splits.split import Split, in_time


class EndAmount(Split):
    """The last `test` samples test, the `validation` before them validate, all earlier ones train.

    Samples of one moment stay together, on the earlier side of a cut that would part them.

    Example:
        >>> EndAmount(validation=1, test=2).folds(pl.DataFrame({"ts": range(4)}))[0].to_list()
        ['train', 'validation', 'test', 'test']
    """

    by: Literal["end_amount"] = "end_amount"
    validation: int = Field(ge=1)
    """Samples that validate."""
    test: int = Field(ge=1)
    """Samples that test."""

    def folds(self, samples: pl.DataFrame) -> list[pl.Series]:
        """One fold, every sample in it."""
        return [in_time(samples, samples.height - self.test - self.validation, samples.height - self.test)]
