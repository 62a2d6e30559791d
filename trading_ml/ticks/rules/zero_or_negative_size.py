"""Trades of nothing: volume-less prints that carry a price but no trade."""

from __future__ import annotations

import polars as pl

from trading_ml.core.params import Params


class SizeParams(Params):
    """Nothing can be chosen."""


def zero_or_negative_size(_params: SizeParams) -> pl.Expr:
    """Whether the size is not above zero. Prices may be negative, as those of oil in April 2020 were; sizes cannot.

    Known with the row.

    Example:
        >>> frame = pl.DataFrame({"price": [-37.63, 20.0], "size": [5.0, 0.0]})
        >>> frame.select(zero_or_negative_size(SizeParams())).to_series().to_list()
        [False, True]
    """
    return pl.col("size") <= 0
