"""Time as the design fixes it: nanoseconds UTC inside, the instrument's own calendar date for partitions."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import polars as pl

from trading_ml.core.errors import BadParams

NS = pl.Datetime("ns", "UTC")
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
_UNITS = {
    "ms": 1_000_000,
    "s": SECOND,
    "second": SECOND,
    "m": 60 * SECOND,
    "minute": 60 * SECOND,
    "h": 3600 * SECOND,
    "hour": 3600 * SECOND,
    "d": DAY,
    "day": DAY,
}


def nanoseconds(every: str) -> int:
    """Length of a duration such as `1m`, `30s`, `4h`, `1d`, in nanoseconds.

    Raises:
        BadParams: when `every` is not a positive count and one of ms, s, m, h, d.

    Example:
        >>> nanoseconds("1m")
        60000000000
    """
    match = re.fullmatch(r"(\d+)\s*([a-z]+)", every.strip())
    if not match or match[2] not in _UNITS or int(match[1]) == 0:
        raise BadParams(every, "is not a duration", "write a count and one of ms, s, m, h, d, like 1m")
    return int(match[1]) * _UNITS[match[2]]


def epoch_ns(moment: datetime) -> int:
    """Nanoseconds since 1970 of an aware `moment` (microsecond precision, exact)."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * 1000


@lru_cache(maxsize=4096)
def day_bounds(day: date, zone: str) -> tuple[int, int]:
    """Start and end (exclusive) of a local calendar day, in nanoseconds UTC.

    Example:
        >>> start, end = day_bounds(date(2024, 3, 10), "America/New_York")
        >>> (end - start) // (3600 * SECOND)  # the day clocks go forward
        23
    """
    local = ZoneInfo(zone)
    midnight = [datetime(d.year, d.month, d.day, tzinfo=local) for d in (day, day + timedelta(days=1))]
    return epoch_ns(midnight[0]), epoch_ns(midnight[1])


def local_date(column: str, zone: str) -> pl.Expr:
    """The calendar date of a UTC timestamp column in `zone`: the partition date of a row."""
    return pl.col(column).dt.convert_time_zone(zone).dt.date()


def date_of(ns: int, zone: str) -> date:
    """The calendar date in `zone` of a moment in nanoseconds UTC."""
    return datetime.fromtimestamp(ns // SECOND, tz=ZoneInfo(zone)).date()


def overlapped(first: date, last: date, zone: str, other: str) -> tuple[date, date]:
    """First and last date in zone `other` on which one of the dates from `first` to `last` in `zone` goes on.

    Example:
        >>> day = date(2024, 3, 1)
        >>> [str(other) for other in overlapped(day, day, "Asia/Tokyo", "UTC")]
        ['2024-02-29', '2024-03-01']
    """
    start, end = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
    return date_of(start, other), date_of(end - 1, other)


def moment(text: str, zone: str) -> int:
    """A user's date or time in nanoseconds UTC; read in `zone` unless it carries an offset.

    Raises:
        BadParams: when `text` is not ISO 8601.

    Example:
        >>> moment("2018-01-21", "Asia/Tokyo") == moment("2018-01-20T15:00:00Z", "Asia/Tokyo")
        True
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise BadParams(text, "is not a date or time", "write 2024-03-01 or 2024-03-01T09:30") from None
    return epoch_ns(parsed if parsed.tzinfo else parsed.replace(tzinfo=ZoneInfo(zone)))


def span(start: str | None, end: str | None, zone: str) -> tuple[int, int]:
    """The user's `--from` (inclusive) and `--to` (exclusive) in nanoseconds UTC; open ends reach everything.

    Raises:
        BadParams: when the range is empty or a bound is not ISO 8601.
    """
    low = moment(start, zone) if start else -(2**62)
    high = moment(end, zone) if end else 2**62
    if high <= low:
        raise BadParams(f"{start} to {end}", "is an empty range", "--from is inclusive, --to exclusive and later")
    return low, high
