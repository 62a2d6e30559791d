"""The grid of dates and instruments: every day of every width finds its cell, and the cell covers the day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.errors import NoData
from trading_ml.defs import partitions

WIDTHS = ["day", "week", "month", "year"]


def grid(width: str, monkeypatch: pytest.MonkeyPatch, first: date | None = None):
    monkeypatch.setenv("TRADING_ML_GRANULARITY", width)
    return partitions.grid(first)


@pytest.mark.parametrize("width", WIDTHS)
@given(day=st.dates(date(2010, 1, 4), date(2026, 1, 1)))
def test_the_cell_of_a_day_covers_it(width, day):
    with pytest.MonkeyPatch.context() as patch:
        axis = grid(width, patch)
    covered = partitions.cells([partitions.key(day, "bitflyer:BTC_JPY", axis)], axis)
    (first, last) = covered["bitflyer:BTC_JPY"]
    assert first <= day < last
    assert last - first <= timedelta({"day": 1, "week": 7, "month": 31, "year": 366}[width])


def test_the_axis_reaches_back_to_the_earliest_ticks(monkeypatch):
    axis = grid("day", monkeypatch, first=date(1998, 3, 5))
    assert partitions.key(date(1998, 1, 1), "lean:AAPL", axis).startswith("1998-01-01|")


def test_a_day_before_the_grid_is_refused_with_the_fix(monkeypatch):
    with pytest.raises(NoData, match="reload"):
        partitions.key(date(2009, 12, 31), "lean:AAPL", grid("day", monkeypatch))


def test_a_catalogue_of_a_thousand_instruments_and_eight_years_is_small_by_year(monkeypatch):
    monkeypatch.setenv("TRADING_ML_FIRST_DATE", "2018-01-01")
    axis = grid("year", monkeypatch)
    years = axis.get_partitions_def_for_dimension("date").get_partition_keys()
    assert len(years) * 1000 < 25_000
