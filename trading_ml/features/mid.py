"""The price between the quotes."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs


def mid() -> pl.Expr:
    """Halfway between the last bid and the last ask of the bar; the close where bars have no quotes.

    Formula: mid[t] = (bid[t] + ask[t]) / 2.
    Units: price. Known at: the bar's close.

    Example:
        >>> pl.DataFrame({"close": [9.0], "bid": [8.0], "ask": [11.0]}).select(mid()).item()
        9.5
    """
    quoted = lambda name: pl.coalesce(cs.by_name(name, require_all=False), "close")
    return ((quoted("bid") + quoted("ask")) / 2).alias("mid")
