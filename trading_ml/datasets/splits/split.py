"""What every split is: parameters, and a pure function from samples to their parts."""

from __future__ import annotations

from abc import ABC, abstractmethod

import polars as pl
from pydantic import Field, field_validator

from trading_ml.core.errors import BadParams
from trading_ml.core.params import Params
from trading_ml.core.time import SECOND, nanoseconds

PARTS = ("train", "validation", "test", "purged")
Part = pl.Enum(PARTS)


class Split(Params, ABC):
    """Base of all splits; each declares as `by: Literal[…]` the name it goes by."""

    embargo: float = Field(0.0, ge=0)
    """Seconds (or a duration such as `1h`) kept free on either side of every evaluation sample's label interval."""

    @field_validator("embargo", mode="before")
    @classmethod
    def _seconds(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        try:
            return nanoseconds(given) / SECOND
        except BadParams as cause:
            raise ValueError(f"{cause.problem}; {cause.fix}") from cause

    @abstractmethod
    def folds(self, samples: pl.DataFrame) -> list[pl.Series]:
        """The part of every sample, once per fold, before the purge.

        Args:
            samples: Columns `instrument`, `ts` (when the sample is known), `label_end` and `date` (the partition
                date in the instrument's zone), one row a sample, of all instruments, in the dataset's order.

        Returns:
            One series of `Part` a fold, as long as `samples`; null keeps a sample out of the fold.
        """
