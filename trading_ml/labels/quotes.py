"""What an order would meet: bid, ask and their middle, from the bars' own quotes or a spread around the close."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs


def bid(spread_bps: float) -> pl.Expr:
    """The bars' bid; where they have none, the close less half of `spread_bps`.

    Example:
        >>> pl.DataFrame({"close": [200.0]}).select(bid(10), ask(10)).row(0)
        (199.9, 200.1)
    """
    return _quoted("bid", 1 - spread_bps / 20_000)


def ask(spread_bps: float) -> pl.Expr:
    """The bars' ask; where they have none, the close and half of `spread_bps`."""
    return _quoted("ask", 1 + spread_bps / 20_000)


def mid(spread_bps: float) -> pl.Expr:
    """Halfway between bid and ask."""
    return (bid(spread_bps) + ask(spread_bps)) / 2


def half_spread(spread_bps: float) -> pl.Expr:
    """What a market order pays in price, against the middle."""
    return (ask(spread_bps) - bid(spread_bps)) / 2


def _quoted(column: str, factor: float) -> pl.Expr:
    return pl.coalesce(cs.by_name(column, require_all=False), pl.col("close") * factor).alias(column)
