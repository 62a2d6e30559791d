"""Prices on one footing across splits and dividends, computed when they are read: what is stored stays raw."""

from __future__ import annotations

import numpy as np
import polars as pl

from trading_ml.core.instruments import Instrument
from trading_ml.core.time import day_bounds

PRICES = ("price", "bid", "ask", "open", "high", "low", "close", "vwap", "mean_spread", "last_spread")
SIZES = ("size", "bid_size", "ask_size", "volume", "mean_size", "max_size", "signed_volume")
"""Columns of ticks and bars that count in the price's unit, and in shares or contracts."""


def adjusted(frame: pl.DataFrame, instrument: Instrument, stamp: str = "ts_event") -> pl.DataFrame:
    """Ticks or bars as if today's shares had always been traded.

    A price at time t is multiplied by Π factor / Π ratio over the instrument's `factors` and `splits` that come into
    force after t, at local midnight of their date; a size by Π ratio. Price · size so changes by the factors alone.

    Levels then know of later splits: at its time, a price was the raw one. Ratios of prices that lie between two
    breaks are the same on either footing, so returns know nothing.

    Args:
        frame: Rows with some of `PRICES` and `SIZES`.
        instrument: Whose splits and factors.
        stamp: Column that says when a row is.

    Example:
        >>> from trading_ml.core.time import NS, moment
        >>> apple = Instrument.parse({"source": "x", "symbol": "X", "splits": [{"date": "2020-08-31", "ratio": 4}]}, "")
        >>> days = pl.Series([moment(day, "UTC") for day in ("2020-08-28", "2020-08-31")]).cast(NS)
        >>> frame = pl.DataFrame({"ts_event": days, "price": [500.0, 127.67], "size": [10.0, 10.0]})
        >>> adjusted(frame, apple).drop("ts_event").rows()
        [(125.0, 40.0), (127.67, 10.0)]
    """
    breaks = [(split.date, 1 / split.ratio, split.ratio) for split in instrument.splits]
    breaks += [(factor.date, factor.factor, 1.0) for factor in instrument.factors]
    if not breaks:
        return frame
    dates, prices, sizes = zip(*sorted(breaks), strict=True)
    starts = [day_bounds(day, instrument.zone)[0] for day in dates]
    passed = np.searchsorted(starts, frame[stamp].to_physical().to_numpy(), side="right")
    scales = ((PRICES, _still_to_come(prices)[passed]), (SIZES, _still_to_come(sizes)[passed]))
    return frame.with_columns(
        (pl.col(name) * pl.Series(scale)).alias(name)
        for names, scale in scales
        for name in names
        if name in frame.columns
    )


def _still_to_come(factors: tuple[float, ...]) -> np.ndarray:
    """The product of all factors after the first k, for every k."""
    return np.cumprod([1.0, *reversed(factors)])[::-1]
