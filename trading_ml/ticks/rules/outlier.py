"""Prices far off the last ones: misprints that no mark tells of."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.core.params import Params

_TO_SIGMA = 1.4826
"""Standard deviation of a normal law per unit of its median absolute deviation."""


class OutlierParams(Params):
    """How wide the band is, and from what it is measured."""

    ticks: Annotated[int, Field(ge=3)] = 51
    """Earlier ticks that tell the usual price and its spread."""
    deviations: Annotated[float, Field(gt=0)] = 10.0
    """Half-width of the band in robust standard deviations (1.4826 · MAD)."""
    at_least: Annotated[float, Field(gt=0, lt=1)] = 0.005
    """Least half-width, relative to the usual price: where a quiet market repeats one price, MAD is 0."""


def outlier(params: OutlierParams) -> pl.Expr:
    """Whether |price − m| > max(deviations · 1.4826 · MAD, at_least · |m|), m the median of the last `ticks` prices.

    MAD is the median of |price − m| over the last `ticks` rows, each taken against its own m. Causal: both medians are
    of earlier rows of the day, so nothing is rejected among its first 2 · `ticks`. What is rejected stays in the
    window: a real jump is believed after half of it, and a misprint moves no median.

    Rules of this kind clean tick data since Brownlees and Gallo (2006, Financial econometric analysis at ultra-high
    frequency), and Barndorff-Nielsen, Hansen, Lunde and Shephard (2009, Realized kernels in practice), rule T4: more
    than 10 mean absolute deviations off the median of 50 neighbours. Theirs look at both sides of a tick; this one
    cannot, because a later price is not known when a bar closes.

    Example:
        >>> frame = pl.DataFrame({"price": [10.0, 10.1, 10.0, 10.1, 10.0, 10.1, 50.0, 10.1]})
        >>> frame.select(outlier(OutlierParams(ticks=3))).to_series().to_list()[5:]
        [None, True, False]
    """
    price, earlier = pl.col("price"), pl.col("price").shift()
    usual = earlier.rolling_median(params.ticks)
    off = (price - usual).abs()
    spread = _TO_SIGMA * off.shift().rolling_median(params.ticks)
    return (off > params.deviations * spread) & (off > params.at_least * usual.abs())
