"""Quotes that bid more than they ask: stale or mistaken, for such a pair would trade at once."""

from __future__ import annotations

import polars as pl

from trading_ml.core.params import Params


class CrossedParams(Params):
    """Whether a spread of nothing is wrong too."""

    locked: bool = False
    """Reject bid = ask as well."""


def crossed(params: CrossedParams) -> pl.Expr:
    """Whether bid > ask, or bid ≥ ask where locked quotes are wrong too. Known with the row.

    Quotes with one side only are neither. Rule Q2 of Barndorff-Nielsen et al. (2009, Realized kernels in practice).

    Example:
        >>> frame = pl.DataFrame({"bid": [9.0, 10.0, 11.0, None], "ask": [10.0, 10.0, 10.0, 9.0]})
        >>> frame.select(crossed(CrossedParams())).to_series().to_list()
        [False, False, True, None]
    """
    bid, ask = pl.col("bid"), pl.col("ask")
    return bid >= ask if params.locked else bid > ask
