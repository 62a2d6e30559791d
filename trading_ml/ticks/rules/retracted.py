"""Trades that were undone: marked afterwards on their own row, or taken back by a row of its own."""

from __future__ import annotations

import polars as pl

from trading_ml.ticks.rules.marked import Marked, marked


class Retracted(Marked):
    """Which marks undo a trade, and which one."""

    takes_back: bool = False
    """Whether such a row takes back another one: then the last trade of equal time, price and size is rejected too."""


def retracted(params: Retracted) -> pl.Expr:
    """Whether a trade is marked as undone, or taken back by a row that is. Retrospective: nobody knew when it printed.

    Example:
        >>> told = {"ts_event": [1, 1, 1], "price": [9.0] * 3, "size": [5.0] * 3, "conditions": [None, None, "CXL"]}
        >>> rule = retracted(Retracted(marks=("CXL",), takes_back=True))
        >>> pl.DataFrame(told).select(rule).to_series().to_list()
        [False, True, True]
    """
    found = marked(params)
    return found.fill_null(value=False) | _taken_back(found) if params.takes_back else found


def _taken_back(cancel: pl.Expr) -> pl.Expr:
    """As many trades of equal time, price and size, from the last one back, as rows take one back."""
    same, cancels = ("ts_event", "price", "size"), cancel.fill_null(value=False)
    from_the_last = cancels.not_().cum_sum(reverse=True).over(same)
    return cancels.not_() & (from_the_last <= cancels.sum().over(same))
