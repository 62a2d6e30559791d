"""Rows by date against the calendar itself, on days that clocks make short, long or begin late."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.time import NS, SECOND
from trading_ml.ticks.dated import dated

ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "Europe/London", "America/Sao_Paulo", "Australia/Lord_Howe")
HOUR = 3600
TURNS = tuple(
    int(datetime(*day, tzinfo=ZoneInfo("UTC")).timestamp()) for day in ((2018, 2, 17), (2018, 3, 11), (2018, 11, 3))
)
"""Near midnights and nights on which some of the zones change their clocks."""


@pytest.mark.parametrize("zone", ZONES)
@given(
    seconds=st.lists(st.builds(int.__add__, st.sampled_from(TURNS), st.integers(-30 * HOUR, 40 * HOUR)), max_size=40),
    ordered=st.booleans(),
)
def test_each_row_is_with_its_date_in_order(zone: str, seconds: list[int], ordered: bool) -> None:
    seconds = sorted(seconds) if ordered else seconds
    rows = pl.DataFrame({"ts_event": [second * SECOND for second in seconds], "row": range(len(seconds))})
    wanted: dict[date, list[int]] = defaultdict(list)
    for row, second in enumerate(seconds):
        wanted[datetime.fromtimestamp(second, tz=ZoneInfo(zone)).date()].append(row)
    found = dated(rows.with_columns(pl.col("ts_event").cast(NS)), "trades", zone)
    assert {day: part["row"].to_list() for day, part in found} == wanted


def test_bars_of_a_minute_go_by_months() -> None:
    rows = pl.DataFrame({"ts_event": [0, 40 * 24 * HOUR * SECOND]}, schema={"ts_event": NS})
    assert [day for day, _ in dated(rows, "bars_1m", "UTC")] == [date(1970, 1, 1), date(1970, 2, 1)]
