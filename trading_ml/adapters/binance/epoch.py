"""Binance's stamps: milliseconds since 1970 or, in files since 2025, microseconds."""

from __future__ import annotations

import polars as pl

from trading_ml.adapters.form import Fault
from trading_ml.core.time import NS

_MILLIS, _MICROS = (10**11, 10**14), (10**14, 10**17)
"""Which numbers are which unit: from 1973 to 5138, by either."""


def moment(name: str) -> pl.Expr:
    """The stamps of a column as times; null where they are none.

    Example:
        >>> pl.select(T=pl.Series([1735689600000, 1735689600000000])).select(moment("T")).to_series().n_unique()
        1
    """
    stamp = pl.col(name)
    nanos = pl.when(_within(stamp, _MILLIS)).then(stamp * 10**6).when(_within(stamp, _MICROS)).then(stamp * 10**3)
    return nanos.cast(NS)


def no_moment(name: str) -> Fault:
    """Lines whose stamp is no time, and the reason."""
    stamp = pl.col(name)
    said = pl.format(f"{name} is no time in ms or µs: {{}}", stamp)
    return ~(_within(stamp, _MILLIS) | _within(stamp, _MICROS)), said


def _within(stamp: pl.Expr, span: tuple[int, int]) -> pl.Expr:
    return stamp.is_between(*span, closed="left")
