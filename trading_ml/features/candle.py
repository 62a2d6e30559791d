"""Anatomy of a bar drawn as a candle."""

from __future__ import annotations

import polars as pl

from trading_ml.features.parts import position


def candle() -> dict[str, pl.Expr]:
    """Body and shadows as shares of the bar's range, where in it the close lies, and the range itself.

    Formula: body = (c − o) / (h − l), above zero where the bar rose; upper_shadow = (h − max(o, c)) / (h − l);
    lower_shadow = (min(o, c) − l) / (h − l); so |body| + upper_shadow + lower_shadow = 1. position = (c − l) / (h − l);
    range_pct = 100 · (h − l) / c. A bar without a range has no body and no shadows (all 0) and position 0.5.
    Source: S. Nison, Japanese Candlestick Charting Techniques (1991).
    Units: none; range_pct in percent of the close. Known at: the bar's close.

    Example:
        >>> bar = pl.DataFrame({"open": [2.0], "high": [5.0], "low": [1.0], "close": [4.0]})
        >>> bar.select(**candle()).row(0)
        (0.5, 0.25, 0.25, 0.75, 100.0)
    """
    open_, high, low, close = (pl.col(name) for name in ("open", "high", "low", "close"))
    reach = high - low
    share = lambda part: pl.when(reach == 0).then(0.0).otherwise(part / reach)
    return {
        "body": share(close - open_),
        "upper_shadow": share(high - pl.max_horizontal(open_, close)),
        "lower_shadow": share(pl.min_horizontal(open_, close) - low),
        "position": position(close, low, high),
        "range_pct": 100 * reach / close,
    }
