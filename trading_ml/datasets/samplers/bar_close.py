"""A sample at the close of every bar."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl

from trading_ml.datasets.samplers.sampler import Day, Moments, Sampler, chosen


class BarClose(Sampler):
    """A sample at the close of every bar.

    Example:
        >>> BarClose.parse({"where": "ohlcv.volume > 0"}, "samples").at
        'bar_close'
    """

    at: Literal["bar_close"] = "bar_close"

    def moments(self, bars: pl.DataFrame, day: Day) -> Moments:
        """Every close."""
        return chosen(bars, np.ones(bars.height, np.bool_))
