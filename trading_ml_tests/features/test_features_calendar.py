"""Calendar features against the standard library's calendar and the exchanges' published hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import cos, pi, sin
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.core.crafted import crafted
from trading_ml.core.errors import Unknown
from trading_ml.core.script import load

NEW_YORK, TOKYO = "America/New_York", "Asia/Tokyo"
MOMENTS = st.datetimes(datetime(2019, 1, 1), datetime(2021, 12, 1), timezones=st.just(UTC))


def evaluate(use: str, bars: pl.DataFrame, **params: object) -> dict[str, list[float | None]]:
    return load(use, "feature").bind(params).evaluate(bars).to_dict(as_series=False)


def closing(*moments: datetime) -> pl.DataFrame:
    """Minute bars that close then."""
    closes = [moment.astimezone(UTC) for moment in moments]
    stamps = {"ts_open": [close - timedelta(minutes=1) for close in closes], "ts_close": closes}
    return pl.DataFrame(stamps, schema=dict.fromkeys(stamps, pl.Datetime("ns", "UTC")))


def minutes(calendar: str, *moments: datetime) -> list[float | None]:
    return evaluate("minutes_to_close", closing(*moments), calendar=calendar)["minutes_to_close"]


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize("zone", ["UTC", NEW_YORK, TOKYO])
def test_day_of_week_is_that_of_the_local_date_of_the_open(zone: str) -> None:
    bars = crafted(1500)
    found = evaluate("day_of_week", bars, zone=zone)
    for row, opened in enumerate(bars["ts_open"].to_list()):
        angle = 2 * pi * opened.astimezone(ZoneInfo(zone)).weekday() / 7
        assert found["sin"][row] == pytest.approx(sin(angle), abs=1e-12)
        assert found["cos"][row] == pytest.approx(cos(angle), abs=1e-12)


def test_a_daily_bar_is_of_its_own_day() -> None:
    """It closes at the next day's midnight."""
    monday = pl.DataFrame(
        {"ts_open": [datetime(2024, 1, 1, tzinfo=UTC)], "ts_close": [datetime(2024, 1, 2, tzinfo=UTC)]}
    )
    assert evaluate("day_of_week", monday) == {"sin": [0.0], "cos": [1.0]}


def test_minutes_to_close_on_full_and_half_days_either_side_of_the_clock_change() -> None:
    cases = {
        "2024-03-08T15:00": 60.0,  # Friday before clocks go forward: the close is 21:00 UTC
        "2024-03-11T15:00": 60.0,  # Monday after: 20:00 UTC
        "2024-07-03T12:00": 60.0,  # eve of the Fourth of July closes at 13:00
        "2024-07-03T13:00": 0.0,
        "2024-11-29T09:31": 209.0,  # so does the day after Thanksgiving
    }
    assert minutes("XNYS", *(local(NEW_YORK, text) for text in cases)) == list(cases.values())


def test_minutes_to_close_says_nothing_outside_sessions() -> None:
    silent = [
        "2024-07-03T13:01",  # after a half day's close
        "2024-07-04T12:00",  # holiday
        "2024-07-05T09:30",  # a bar that closes as the session opens lay before it
        "2024-07-06T12:00",  # Saturday
    ]
    assert minutes("XNYS", *(local(NEW_YORK, text) for text in silent)) == [None] * len(silent)
    assert minutes("XNYS", local(NEW_YORK, "2001-09-12T12:00")) == [None]  # closed on short notice


def test_minutes_to_close_counts_through_a_break_and_knows_other_markets() -> None:
    assert minutes("XTKS", local(TOKYO, "2024-05-01T11:45")) == [195.0]  # between 11:30 and 12:30; the close was 15:00
    assert minutes("XTKS", local(TOKYO, "2024-11-06T14:30")) == [60.0]  # 15:30 from 5 November 2024 on
    assert minutes("24/7", datetime(2024, 5, 4, 22, tzinfo=UTC)) == [120.0]


def test_minutes_to_close_of_no_bars() -> None:
    assert minutes("XNYS") == []


def test_an_unknown_calendar_is_named() -> None:
    with pytest.raises(Unknown, match="XNYC: unknown exchange calendar; did you mean 'XNYS'"):
        _ = load("minutes_to_close", "feature").bind({"calendar": "XNYC"}).expressions


@settings(max_examples=50)
@given(MOMENTS)
def test_a_minute_later_there_is_a_minute_less(moment: datetime) -> None:
    now, later = minutes("XNYS", moment, moment + timedelta(minutes=1))
    if now is not None and now >= 1:
        assert later == pytest.approx(now - 1)
    if now is not None:
        assert 0 <= now < 390


@settings(max_examples=50)
@given(MOMENTS, st.sampled_from(["UTC", NEW_YORK, TOKYO]))
def test_days_lie_on_a_circle_and_repeat_after_a_week(moment: datetime, zone: str) -> None:
    found = evaluate("day_of_week", closing(*(moment + timedelta(days=day, hours=0) for day in (0, 7))), zone=zone)
    assert found["sin"][0] ** 2 + found["cos"][0] ** 2 == pytest.approx(1)
    opened = [(moment + timedelta(days=day, minutes=-1)).astimezone(ZoneInfo(zone)).weekday() for day in (0, 7)]
    assert (found["sin"][0] == found["sin"][1]) == (opened[0] == opened[1])
