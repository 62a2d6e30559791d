"""Quotes with a bid or an ask only: half an update of a feed that sends the sides apart, or half a market."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from trading_ml.core.params import Params

_SIDES = ("bid", "ask")


class OneSidedParams(Params):
    """What to do about the missing side."""

    carry: bool = False
    """Take it from the last quote that had it, and reject only where there is none yet."""


def one_sided(_params: OneSidedParams) -> pl.Expr:
    """Whether a side is missing: no price, or 0 for both its price and its size. Known with the row.

    Example:
        >>> frame = pl.DataFrame({"bid": [9.0, 0.0], "bid_size": [1.0, 0.0], "ask": [9.5, 9.5], "ask_size": [1.0, 2.0]})
        >>> frame.select(one_sided(OneSidedParams())).to_series().to_list()
        [False, True]
    """
    return _missing("bid") | _missing("ask")


def carried(params: OneSidedParams) -> Mapping[str, pl.Expr]:
    """The missing side as it was last quoted that day, if it may be carried; `carried` says which one that is.

    Causal: only earlier quotes are carried. What the file said can be told from the mark: nothing on that side.
    """
    if not params.carry:
        return {}
    last = {
        side: pl.when(~_missing(side)).then(pl.int_range(pl.len(), dtype=pl.UInt32)).forward_fill() for side in _SIDES
    }
    mark = pl.coalesce(
        pl.when(_missing(side) & ~_missing(other) & last[side].is_not_null()).then(pl.lit(side))
        for side, other in (_SIDES, _SIDES[::-1])
    )
    filled = {
        name: pl.when(mark == side).then(pl.col(name).gather(last[side])).otherwise(name)
        for side in _SIDES
        for name in (side, f"{side}_size")
    }
    return {**filled, "carried": mark}


def _missing(side: str) -> pl.Expr:
    price, size = pl.col(side), pl.col(f"{side}_size")
    return price.is_null() | ((price == 0) & (size.fill_null(0) == 0))
