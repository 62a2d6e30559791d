"""A quote with the day so far, as a venue shows them."""

from __future__ import annotations

import polars as pl


def quote() -> dict[str, pl.Expr]:
    """Bid, ask, the day's opening mid, its high and its low, as they were last told.

    Needs bars of quotes with the statistics `mid_open`, `day_high` and `day_low`, which the venue tells with its quotes
    (IG does); bars that begin in the middle of the day would not know them. In a model, `scale: relative_to_mid` puts
    all five in relation to the mid.

    Units: price. Known at: the bar's close.
    Source: BID, OFFER, MID_OPEN, HIGH and LOW of AWS's demonstration of training on streaming data.

    Example:
        >>> bar = {"bid": 9.5, "ask": 10.5, "mid_open": 8.0, "day_high": 11.0, "day_low": 7.5}
        >>> pl.DataFrame([bar]).select(**quote()).row(0)
        (9.5, 10.5, 8.0, 11.0, 7.5)
    """
    told = {"bid": "bid", "ask": "ask", "mid_open": "mid_open", "high": "day_high", "low": "day_low"}
    return {name: pl.col(column) for name, column in told.items()}
