"""What every sampler is: parameters, and a pure function from a day's bars to the moments of its samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import field_validator

from trading_ml.core.params import Params

Moments = NDArray[np.int64]
"""Nanoseconds UTC by bar, `NEVER` where it makes no sample."""
NEVER = np.iinfo(np.int64).min


class Day(NamedTuple):
    """A local calendar day of one instrument.

    Attributes:
        start: Midnight, in nanoseconds UTC.
        end: The next one.
        orders: When its orders were placed, ascending; empty for samplers that do not ask for them.
    """

    start: int
    end: int
    orders: Moments


class Sampler(Params, ABC):
    """Base of all samplers; each declares as `at: Literal[…]` the name it goes by.

    A sample shows the bars through its own, which is closed by the sample's moment, and is asked about the bars after
    it, none of which has opened by then. Days are sampled one by one, so a new day changes no sample of another.
    """

    columns: ClassVar[tuple[str, ...]] = ()
    """Columns of the bars it reads beside `ts_open` and `ts_close`."""
    of_orders: ClassVar[bool] = False
    """Whether it asks for the instrument's orders."""

    where: str | None = None
    """Only samples that pass this filter: SQL over the feature columns of their own bar, like `ohlcv.volume > 0`."""

    weight: Literal["equal", "uniqueness"] = "equal"
    """How much a sample counts in training: all alike, or less the more bars its label shares with other labels."""

    @field_validator("where")
    @classmethod
    def _readable(cls, where: str | None) -> str | None:
        try:
            _ = where is None or pl.sql_expr(where)
        except pl.exceptions.PolarsError as cause:
            raise ValueError(f"is not a SQL condition: {str(cause).splitlines()[0]}") from None
        return where

    @abstractmethod
    def moments(self, bars: pl.DataFrame, day: Day) -> Moments:
        """When each bar's sample is taken, no earlier than the bar closes; `NEVER` where it makes none.

        Args:
            bars: The day's bars in order, with the sampler's columns.
            day: Its bounds, and its orders.
        """


def chosen(bars: pl.DataFrame, rows: NDArray[np.bool_]) -> Moments:
    """The closes of some bars; the others never."""
    return np.where(rows, bars["ts_close"].to_physical().to_numpy(), NEVER)
