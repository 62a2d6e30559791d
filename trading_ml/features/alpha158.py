"""Alpha158: qlib's set of factors of one instrument's bars, the usual yardstick for models of daily stock returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.features.moving import correlation, highest, ranked, residual, slope
from trading_ml.features.windows import deviation, largest, mean, smallest, summed

OPEN, HIGH, LOW, CLOSE = (pl.col(name) for name in ("open", "high", "low", "close"))
VOLUME, BEFORE, VOLUME_BEFORE = pl.col("volume"), CLOSE.shift(1), pl.col("volume").shift(1)
ROW = pl.int_range(pl.len())
RANGE = HIGH - LOW
UPPER, LOWER = pl.max_horizontal(OPEN, CLOSE), pl.min_horizontal(OPEN, CLOSE)
SWAY = (CLOSE / BEFORE - 1).abs() * VOLUME

_TINY = 1e-12
"""What qlib adds to denominators that may be zero."""
_STILL = 2e-5
"""Standard deviation up to which qlib gives no correlation, whatever the unit."""

BAR = {
    "KMID": (CLOSE - OPEN) / OPEN,
    "KLEN": RANGE / OPEN,
    "KMID2": (CLOSE - OPEN) / (RANGE + _TINY),
    "KUP": (HIGH - UPPER) / OPEN,
    "KUP2": (HIGH - UPPER) / (RANGE + _TINY),
    "KLOW": (LOWER - LOW) / OPEN,
    "KLOW2": (LOWER - LOW) / (RANGE + _TINY),
    "KSFT": (2 * CLOSE - HIGH - LOW) / OPEN,
    "KSFT2": (2 * CLOSE - HIGH - LOW) / (RANGE + _TINY),
    "OPEN0": OPEN / CLOSE,
    "HIGH0": HIGH / CLOSE,
    "LOW0": LOW / CLOSE,
    "VWAP0": pl.col("vwap") / CLOSE,
}
"""Factors of the bar itself."""


def _up(column: pl.Expr, n: int) -> pl.Expr:
    return summed(column.diff().clip(lower_bound=0), n)


def _down(column: pl.Expr, n: int) -> pl.Expr:
    return summed((-column.diff()).clip(lower_bound=0), n)


def _moved(column: pl.Expr, n: int) -> pl.Expr:
    return summed(column.diff().abs(), n) + _TINY


def _share(bars: pl.Expr, n: int) -> pl.Expr:
    return mean(bars, n)


def _of_volume(statistic: pl.Expr) -> pl.Expr:
    return pl.when(VOLUME != 0).then(statistic / (VOLUME + _TINY))


WINDOW: dict[str, Callable[[int], pl.Expr]] = {
    "ROC": lambda n: CLOSE.shift(n) / CLOSE,
    "MA": lambda n: mean(CLOSE, n) / CLOSE,
    "STD": lambda n: deviation(CLOSE, n) / CLOSE,
    "BETA": lambda n: slope(ROW, CLOSE, n) / CLOSE,
    "RSQR": lambda n: correlation(ROW, CLOSE, n, _STILL) ** 2,
    "RESI": lambda n: residual(ROW, CLOSE, n) / CLOSE,
    "MAX": lambda n: largest(HIGH, n) / CLOSE,
    "MIN": lambda n: smallest(LOW, n) / CLOSE,
    "QTLU": lambda n: CLOSE.rolling_quantile(0.8, "linear", n) / CLOSE,
    "QTLD": lambda n: CLOSE.rolling_quantile(0.2, "linear", n) / CLOSE,
    "RANK": lambda n: ranked(CLOSE, n) / n,
    "RSV": lambda n: (CLOSE - smallest(LOW, n)) / (largest(HIGH, n) - smallest(LOW, n) + _TINY),
    "IMAX": lambda n: highest(HIGH, n) / n,
    "IMIN": lambda n: highest(-LOW, n) / n,
    "IMXD": lambda n: (highest(HIGH, n) - highest(-LOW, n)) / n,
    "CORR": lambda n: correlation(CLOSE, VOLUME.log1p(), n, _STILL),
    "CORD": lambda n: correlation(CLOSE / BEFORE, (VOLUME / VOLUME_BEFORE).log1p(), n, _STILL, complete=False),
    "CNTP": lambda n: _share(CLOSE > BEFORE, n),
    "CNTN": lambda n: _share(CLOSE < BEFORE, n),
    "CNTD": lambda n: _share(CLOSE > BEFORE, n) - _share(CLOSE < BEFORE, n),
    "SUMP": lambda n: _up(CLOSE, n) / _moved(CLOSE, n),
    "SUMN": lambda n: _down(CLOSE, n) / _moved(CLOSE, n),
    "SUMD": lambda n: (_up(CLOSE, n) - _down(CLOSE, n)) / _moved(CLOSE, n),
    "VMA": lambda n: _of_volume(mean(VOLUME, n)),
    "VSTD": lambda n: _of_volume(deviation(VOLUME, n)),
    "WVMA": lambda n: deviation(SWAY, n) / (mean(SWAY, n) + _TINY),
    "VSUMP": lambda n: _up(VOLUME, n) / _moved(VOLUME, n),
    "VSUMN": lambda n: _down(VOLUME, n) / _moved(VOLUME, n),
    "VSUMD": lambda n: (_up(VOLUME, n) - _down(VOLUME, n)) / _moved(VOLUME, n),
}
"""Factors of a window of n bars."""


def alpha158(
    *, windows: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1)] = (5, 10, 20, 30, 60)
) -> dict[str, pl.Expr]:
    """The 158 factors of qlib's `Alpha158`: 13 of the bar, and 29 of each window.

    Formula: of the bar its shape (K…) and its prices over the close; of the last n bars: past, mean, deviation, slope,
    R², residual, extremes and quantiles of the close (ROC … QTLD, over the close); its rank and place in the range
    (RANK, RSV); when high and low were (IMAX, IMIN, IMXD); correlation of price and volume, and of their changes
    (CORR, CORD); share of rising and falling bars (CNT…); rises and falls over all movement of close and volume (SUM…,
    VSUM…); mean and deviation of volume over volume (VMA, VSTD), and how uneven volume times movement is (WVMA).
    `BAR` and `WINDOW` of this module are the formulas.
    Source: X. Yang et al., Qlib: An AI-oriented Quantitative Investment Platform (2020); its default configuration.
    Units: none. Known at: the bar's close.
    Other than in qlib, a value is null until its window is full, and VMA and VSTD where the bar traded nothing (qlib
    divides by 10⁻¹² there). Null as in qlib: RSQR, CORR, CORD where a deviation is 0.00002 at most. After a bar without
    trades CORD leaves that pair out, as qlib does.

    Args:
        windows: Lengths of the windows, in bars.

    Example:
        >>> bar = {"open": [4.0], "high": [6.0], "low": [2.0], "close": [5.0], "volume": [1.0], "vwap": [4.5]}
        >>> factors = pl.DataFrame(bar).select(**alpha158())
        >>> factors.width, factors["KMID"].item(), factors["VWAP0"].item()
        (158, 0.25, 0.9)
    """
    return BAR | {f"{name}{n}": factor(n) for name, factor in WINDOW.items() for n in windows}
