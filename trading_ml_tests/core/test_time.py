"""Time: durations, local days over changes of the clock, and what a user types for --from and --to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.errors import BadParams
from trading_ml.core.time import DAY, NS, SECOND, date_of, day_bounds, epoch_ns, local_date, moment, nanoseconds, span

ZONES = ["UTC", "Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Sydney", "America/Sao_Paulo"]
DAYS = st.dates(date(1990, 1, 1), date(2035, 12, 31))
HOUR = 3600 * SECOND


@pytest.mark.parametrize(
    ("text", "length"),
    [("1ms", 10**6), ("30s", 30 * SECOND), ("1m", 60 * SECOND), ("5 m", 300 * SECOND), ("4h", 4 * HOUR), ("1d", DAY)],
)
def test_durations(text: str, length: int) -> None:
    assert nanoseconds(text) == length


@pytest.mark.parametrize(("short", "long"), [("7s", "7second"), ("7m", "7minute"), ("7h", "7hour"), ("7d", "7day")])
def test_a_unit_may_be_written_out(short: str, long: str) -> None:
    assert nanoseconds(short) == nanoseconds(long)


@pytest.mark.parametrize("text", ["", "m", "1", "0m", "-1m", "1.5m", "1w", "1M", "1m1s", "1 month"])
def test_what_is_not_a_duration_is_said_so(text: str) -> None:
    with pytest.raises(BadParams, match="is not a duration"):
        nanoseconds(text)


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2024, 3, 10), "America/New_York", 23),
        (date(2024, 11, 3), "America/New_York", 25),
        (date(2024, 3, 31), "Europe/London", 23),
        (date(2024, 10, 27), "Europe/London", 25),
        (date(2017, 10, 15), "America/Sao_Paulo", 23),  # midnight itself does not exist
        (date(2018, 2, 17), "America/Sao_Paulo", 25),  # midnight falls back to 23:00
        (date(2024, 3, 10), "Asia/Tokyo", 24),
        (date(2011, 12, 30), "Pacific/Apia", 0),  # crossed the date line: this day never was
    ],
)
def test_local_days_are_as_long_as_the_clock_says(day: date, zone: str, hours: int) -> None:
    start, end = day_bounds(day, zone)
    assert end - start == hours * HOUR


@given(DAYS, st.sampled_from(ZONES))
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: str) -> None:
    assert day_bounds(day, zone)[1] == day_bounds(day + timedelta(days=1), zone)[0]


@given(DAYS, st.sampled_from(ZONES), st.data())
def test_every_moment_lies_in_the_day_that_its_date_names(day: date, zone: str, draw: st.DataObject) -> None:
    start, end = day_bounds(day, zone)
    inside = draw.draw(st.integers(start, end - 1))
    assert date_of(inside, zone) == day
    assert date_of(end, zone) != day
    assert date_of(start - 1, zone) != day


@given(st.lists(st.integers(0, 2**60), min_size=1, max_size=50), st.sampled_from(ZONES))
def test_the_date_of_a_column_is_the_date_of_each_moment(stamps: list[int], zone: str) -> None:
    frame = pl.DataFrame({"ts_event": pl.Series(stamps, dtype=NS)})
    assert frame.select(local_date("ts_event", zone)).to_series().to_list() == [date_of(ns, zone) for ns in stamps]


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([ZoneInfo(z) for z in ZONES]))
)
def test_epoch_nanoseconds_are_exact_to_the_microsecond(at: datetime) -> None:
    utc = at.astimezone(UTC)
    assert epoch_ns(at) == int(utc.replace(microsecond=0).timestamp()) * SECOND + utc.microsecond * 1000


def test_what_a_user_types_is_read_in_the_zone_unless_it_carries_an_offset() -> None:
    tokyo_midnight = epoch_ns(datetime(2018, 1, 20, 15, tzinfo=UTC))
    assert moment("2018-01-21", "Asia/Tokyo") == tokyo_midnight
    assert moment("2018-01-21T00:00", "Asia/Tokyo") == tokyo_midnight
    assert moment("2018-01-20T15:00:00Z", "Asia/Tokyo") == tokyo_midnight
    assert moment("2018-01-20T10:00-05:00", "Asia/Tokyo") == tokyo_midnight
    assert moment("2018-01-20T15:00:00.000001Z", "UTC") == tokyo_midnight + 1000


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01", "03/01/2024"])
def test_what_is_not_a_moment_is_said_so(text: str) -> None:
    with pytest.raises(BadParams, match="is not a date or time"):
        moment(text, "UTC")


def test_a_span_takes_its_start_in_and_leaves_its_end_out() -> None:
    assert span("2024-03-10", "2024-03-11", "America/New_York") == day_bounds(date(2024, 3, 10), "America/New_York")


def test_open_ends_reach_every_moment_a_column_can_hold_in_use() -> None:
    low, high = span(None, None, "UTC")
    assert low < epoch_ns(datetime(1900, 1, 1, tzinfo=UTC)) < epoch_ns(datetime(2100, 1, 1, tzinfo=UTC)) < high


@pytest.mark.parametrize(("start", "end"), [("2024-03-02", "2024-03-01"), ("2024-03-01", "2024-03-01")])
def test_an_empty_span_is_refused(start: str, end: str) -> None:
    with pytest.raises(BadParams, match="is an empty range"):
        span(start, end, "UTC")
