"""How much of an instrument's time one cell holds: as much as keeps its file neither tiny nor huge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import polars as pl

from trading_ml.adapters.contract import BARS, interval_of
from trading_ml.core.instruments import instrument
from trading_ml.core.settings import Settings
from trading_ml.core.time import SECOND, local_date


def span_of(kind: str) -> str:
    """What a cell of a kind holds: a local day of ticks, a month of bars of a minute, a year of bars of an hour.

    Example:
        >>> span_of("trades"), span_of("bars_1s"), span_of("bars_30m"), span_of("bars_1d")
        ('1d', '1d', '1mo', '1y')
    """
    if not kind.startswith(BARS) or interval_of(kind) < 60 * SECOND:
        return "1d"
    return "1mo" if interval_of(kind) < 3600 * SECOND else "1y"


def date_in(kind: str, zone: str) -> pl.Expr:
    """The date of the cell that a row belongs to: the first local one in it."""
    return local_date("ts_event", zone).dt.truncate(span_of(kind))


def date_of_cell(kind: str, day: date) -> date:
    """The date of the cell that a local day is in.

    Example:
        >>> date_of_cell("bars_1h", date(2018, 1, 21))
        datetime.date(2018, 1, 1)
    """
    span = span_of(kind)
    return day if span == "1d" else day.replace(day=1) if span == "1mo" else day.replace(month=1, day=1)


def dates_of_cell(kind: str, day: date) -> list[date]:
    """All local days of the cell that is called by its first one.

    Example:
        >>> [len(dates_of_cell(kind, date(2018, 1, 1))) for kind in ("trades", "bars_1m", "bars_1h")]
        [1, 31, 365]
    """
    days = {"1d": 1, "1mo": 31, "1y": 366}[span_of(kind)]
    found = (day + timedelta(days=number) for number in range(days))
    return [each for each in found if date_of_cell(kind, each) == day]


def zones_of(names: Iterable[str]) -> Mapping[str, str]:
    """The zone whose calendar dates partition each instrument, by today's instrument facts."""
    return {name: instrument(name, Settings().instruments).zone for name in names}
