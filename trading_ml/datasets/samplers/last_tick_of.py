"""A sample at the end of every second, minute, hour or any other unit of time."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from pydantic import field_validator

from trading_ml.core.errors import BadParams
from trading_ml.core.time import nanoseconds
from trading_ml.datasets.samplers.sampler import NEVER, Day, Moments, Sampler


class LastTickOf(Sampler):
    """One sample a unit of time, at its end, showing its last bar; if a bar is open then, at that bar's close.

    Units without a bar make no sample. They start at local midnight and are cut at the next. (LIT's `per_unit` keeps a
    tick when the next one falls in another unit, which nobody knows before the unit is over; so the moment is its end.)

    Example:
        >>> bars = pl.DataFrame({"ts_open": [0, 60, 180], "ts_close": [60, 120, 240]}) * 10**9
        >>> (LastTickOf(unit="2m").moments(bars, Day(0, 86_400 * 10**9, None)) // 10**9).tolist()[1:]
        [120, 240]
    """

    at: Literal["last_tick_of"] = "last_tick_of"
    unit: str
    """Length of the unit, like `1m`, `1h`."""

    @field_validator("unit")
    @classmethod
    def _is_a_duration(cls, unit: str) -> str:
        try:
            nanoseconds(unit)
        except BadParams as cause:
            raise ValueError(f"{cause.problem}; {cause.fix}") from cause
        return unit

    def moments(self, bars: pl.DataFrame, day: Day) -> Moments:
        """Unit ends where the last bar of the unit is closed by then, else the close of the bar that spans it."""
        unit = nanoseconds(self.unit)
        opens, closes = (bars[column].to_physical().to_numpy() for column in ("ts_open", "ts_close"))
        opened, closed = (opens - day.start) // unit, (closes - day.start) // unit
        following = np.append(opened[1:], np.iinfo(np.int64).max)
        end = np.minimum(day.start + (closed + 1) * unit, day.end)
        return np.select([opened < closed, following > closed], [closes, np.maximum(end, closes)], NEVER)
