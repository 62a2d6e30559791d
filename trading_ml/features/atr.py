"""Average true range, the usual measure of how much a price moves within and between bars."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.true_range import true_range


def atr(*, period: Annotated[int, Field(ge=1)] = 14) -> pl.Expr:
    """Average true range: Wilder's running mean (RMA) of the true range.

    Formula: atr[t] = atr[t−1] + (tr[t] − atr[t−1]) / period, seeded with the first true range, which is high − low of
    the first bar. (TA-Lib seeds with the mean of the first `period`; both forget their seed alike.)
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).
    Units: price. Known at: the bar's close.

    Args:
        period: Bars of the running mean: each bar counts 1/period.

    Example:
        >>> bars = pl.DataFrame({"high": [3.0, 5.0], "low": [1.0, 4.0], "close": [2.0, 4.5]})
        >>> bars.select(atr(period=2)).to_series().to_list()  # true ranges 2 and 3
        [2.0, 2.5]
    """
    return true_range().ewm_mean(alpha=1 / period, adjust=False)
