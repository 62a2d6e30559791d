"""A sample whenever the price has moved far enough."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from trading_ml.core.compiled import compiled
from trading_ml.datasets.samplers.sampler import Day, Moments, Sampler, chosen


class Cusum(Sampler):
    """Symmetric CUSUM filter: a sample when the log price has drifted by `threshold` since the last one.

    Formula: up[t] = max(0, up[t−1] + r[t]), down[t] = min(0, down[t−1] + r[t]) with r[t] = ln(c[t] / c[t−1]); where
    one exceeds the threshold there is a sample, and that one starts from 0 again. Both start from 0 each day. Bars of
    prices that have no logarithm (oil, April 2020) add nothing.
    Source: Marcos López de Prado, Advances in Financial Machine Learning (2018), 2.5.2.1.

    Example:
        >>> bars = pl.DataFrame({"ts_close": [60, 120, 180, 240], "close": [100.0, 100.6, 101.2, 101.2]})
        >>> (Cusum(threshold=0.01).moments(bars, Day(0, 240, None)) > 0).tolist()
        [False, False, True, False]
    """

    columns: ClassVar = ("close",)

    at: Literal["cusum"] = "cusum"
    threshold: float = Field(gt=0)
    """Drift of the log price that makes a sample; 0.01 is about 1 %."""

    def moments(self, bars: pl.DataFrame, day: Day) -> Moments:
        """Closes of the bars in which either sum exceeds the threshold."""
        close = bars["close"].to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            returns = np.diff(np.log(close), prepend=np.nan)
        return chosen(bars, _events(np.where(np.isfinite(returns), returns, 0.0), self.threshold))


@compiled
def _events(returns: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    events, up, down = np.zeros(len(returns), np.bool_), 0.0, 0.0
    for t in range(len(returns)):
        up, down = max(0.0, up + returns[t]), min(0.0, down + returns[t])
        if up > threshold:
            events[t], up = True, 0.0
        elif -down > threshold:
            events[t], down = True, 0.0
    return events
