"""Every partition definition: one raw file an upload; date × instrument for all that lies in between."""

import json
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from trading_ml.core.errors import NoData
from trading_ml.core.instruments import key_of, name_of
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.ticks import records

# Width of a time partition: cron schedule, key format. Files in the lake stay daily whatever the width.
_WIDTHS = {
    "day": ("0 0 * * *", "%Y-%m-%d"),
    "week": ("0 0 * * 1", "%Y-%m-%d"),
    "month": ("0 0 1 * *", "%Y-%m"),
    "year": ("0 0 1 1 *", "%Y"),
}

MARGIN = 10 * 10**9
"""Nanoseconds: whatever changed so long before a look was there to be seen; listing takes time, and clocks differ."""
UPLOADS, INSTRUMENTS = "uploads", "instruments"
uploads = dg.DynamicPartitionsDefinition(name=UPLOADS)
instruments = dg.DynamicPartitionsDefinition(name=INSTRUMENTS)


def dates(granularity: str, first: date) -> dg.TimeWindowPartitionsDefinition:
    """Time windows of the chosen width from the start of the first date's year on, today's in Asia included."""
    cron, fmt = _WIDTHS[granularity]
    start = date(first.year, 1, 1)
    if granularity == "week":
        start -= timedelta(days=start.weekday())
    return dg.TimeWindowPartitionsDefinition(
        cron_schedule=cron, fmt=fmt, start=datetime(start.year, start.month, start.day), end_offset=1
    )


def earliest(lake: Lake) -> date | None:
    """The earliest date that any upload holds, or held.

    What was found is kept beside Dagster's storage, so only uploads that were read since then are looked at.
    """
    place, now = lake.path("dagster", "earliest.json"), time.time_ns() - MARGIN
    known = json.loads(place.read_text("utf-8")) if place.is_file() else {"since": 0, "date": None}
    dates = [part.date for _, parsed in records.parsed_since(lake, known["since"]) for part in parsed.partitions]
    told = [date.fromisoformat(known["date"])] if known["date"] else []
    if dates:
        lake.write_json(place, {"since": now, "date": min([*dates, *told])})
    return min([*dates, *told], default=None)


def grid(earliest: date | None = None) -> dg.MultiPartitionsDefinition:
    """The date × instrument grid of ticks, bars, features and labels; it holds the lake's earliest date."""
    settings = Settings()
    first = min(earliest or settings.first_date, settings.first_date)
    return dg.MultiPartitionsDefinition({"date": dates(settings.granularity, first), "instrument": instruments})


def key(when: date, instrument: str, axis: dg.MultiPartitionsDefinition) -> str:
    """The partition key of the grid cell that holds a date of an instrument.

    Raises:
        NoData: when the date lies before the grid, which was laid out when the code location was loaded.
    """
    if when < _axis(axis).start.date():
        fix = "reload the code location, which then begins with the earliest ticks"
        raise NoData(f"{instrument} {when}", f"lies before the grid, which begins on {_axis(axis).start.date()}", fix)
    window = _axis(axis).get_partition_key_for_timestamp(
        datetime(when.year, when.month, when.day, tzinfo=UTC).timestamp()
    )
    return dg.MultiPartitionKey({"date": window, "instrument": key_of(instrument)})


def add(lake: Lake, instance: dg.DagsterInstance, axis: str, keys: Iterable[str]) -> None:
    """Make dynamic partitions known, if they are not; by turns, for Dagster looks first and then inserts."""
    with lake.lock("dagster", axis):
        known = set(instance.get_dynamic_partitions(axis))
        instance.add_dynamic_partitions(axis, [key for key in dict.fromkeys(keys) if key not in known])


def cells(keys: Iterable[str], axis: dg.MultiPartitionsDefinition) -> dict[str, tuple[date, date]]:
    """For each instrument, the first date and the last (exclusive) that the partition keys cover."""
    covered: dict[str, tuple[date, date]] = {}
    for cell in keys:
        parts = axis.get_partition_key_from_str(cell).keys_by_dimension
        window = _axis(axis).time_window_for_partition_key(parts["date"])
        name, start, end = name_of(parts["instrument"]), window.start.date(), window.end.date()
        old = covered.get(name, (start, end))
        covered[name] = (min(old[0], start), max(old[1], end))
    return covered


def _axis(axis: dg.MultiPartitionsDefinition) -> dg.TimeWindowPartitionsDefinition:
    definition = axis.get_partitions_def_for_dimension("date")
    assert isinstance(definition, dg.TimeWindowPartitionsDefinition)
    return definition
