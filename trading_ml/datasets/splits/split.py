"""What every split is: parameters, and a pure function from samples to their parts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, field_validator

from trading_ml.core.errors import BadParams
from trading_ml.core.params import Params
from trading_ml.core.time import SECOND, nanoseconds

PARTS = ("train", "validation", "test", "purged")
Part = pl.Enum(PARTS)


def lengths(*fields: str) -> Any:
    """Validator of fields that hold a duration such as `1d`."""

    def check(given: str) -> str:
        try:
            nanoseconds(given)
        except BadParams as cause:
            raise ValueError(f"{cause.problem}; {cause.fix}") from cause
        return given

    return field_validator(*fields)(check)


class Split(Params, ABC):
    """Base of all splits; each declares as `by: Literal[…]` the name it goes by."""

    at_random: ClassVar[bool] = False
    """Whether samples of a part lie scattered among those of others, of which builds then warn."""

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


def parted(trains: NDArray[np.bool_], before_test: NDArray[np.bool_]) -> pl.Series:
    """Parts from who trains and who trains or validates; whoever does neither tests."""
    codes = np.where(trains, 0, np.where(before_test, 1, 2)).astype(np.uint8)
    return pl.Series("part", codes).cat.to(Part)


def in_time(samples: pl.DataFrame, validation: int, test: int) -> pl.Series:
    """Parts by time: the `validation`-th sample is the first that validates, the `test`-th the first that tests."""
    rank = earlier(samples)
    return parted(rank < validation, rank < test)


def groups(samples: pl.DataFrame, count: int) -> NDArray[np.int64]:
    """Number of each sample's group when all are cut in time into `count` groups of like size."""
    return earlier(samples) * count // samples.height


def earlier(samples: pl.DataFrame) -> NDArray[np.int64]:
    """How many samples lie before the moment of each; samples of one moment are never parted."""
    return samples["ts"].rank("min").cast(pl.Int64).to_numpy() - 1
