"""Prices quoted in another unit than their neighbours: pounds among pence, a decimal point that moved."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from trading_ml.core.params import Params


class UnitSlipParams(Params):
    """What counts as the same price in another unit."""

    factors: tuple[Annotated[float, Field(gt=1, allow_inf_nan=False)], ...] = (100.0,)
    """Ratios of the units, in either direction."""
    tolerance: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """How far from exactly the factor the ratio may be, relative."""
    ticks: Annotated[int, Field(ge=1)] = 101
    """Earlier ticks that tell the usual price; it stays right while fewer than half of them have slipped."""
    at_least: Annotated[int, Field(ge=1)] = 5
    """Earlier ticks of the day without which nothing is rejected."""


def unit_slip(params: UnitSlipParams) -> pl.Expr:
    """Whether |price| / median of the last `ticks` prices is a factor or its inverse, within the tolerance.

    Causal: the median is that of earlier rows of the day. They are those on the tape, slipped ones too, so that a real
    change of the unit (a redenomination) is followed after half a window instead of never. London shares show why it
    is needed: late reports come in pounds, in runs, among prices in pence.

    Example:
        >>> frame = pl.DataFrame({"price": [1995.5, 1997.0, 19.97, 1996.0]})
        >>> frame.select(unit_slip(UnitSlipParams(at_least=1))).to_series().to_list()
        [None, False, True, False]
    """
    usual = pl.col("price").shift().rolling_median(params.ticks, min_samples=min(params.at_least, params.ticks))
    ratio = pl.col("price") / pl.when(usual != 0).then(usual)
    slips = [(ratio * unit - 1).abs() <= params.tolerance for f in params.factors for unit in (f, 1 / f)]
    return pl.any_horizontal(slips)
