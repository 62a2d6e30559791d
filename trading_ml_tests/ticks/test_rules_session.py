"""The session rule: hours, half days, breaks, holidays and clock changes as the exchanges published them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from trading_ml.core.errors import BadParams, Unknown
from trading_ml.core.instruments import instrument
from trading_ml.core.sessions import sessions_around
from trading_ml.core.time import NS, epoch_ns
from trading_ml.ticks.rules import RULES, Choice, chosen, judged
from trading_ml.ticks.rules.session import SessionParams

ZONES = {"XLON": "Europe/London", "XNYS": "America/New_York", "XHKG": "Asia/Hong_Kong", "XASX": "Australia/Sydney"}


def open_at(calendar: str, *clocks: str, **around: str) -> list[bool]:
    """Whether ticks at these local times are kept."""
    stamps = [epoch_ns(datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo(ZONES[calendar]))) for clock in clocks]
    choice = Choice(RULES["session"], SessionParams(calendar=calendar, **around))
    return judged(pl.DataFrame({"ts_event": pl.Series(stamps).cast(NS)}), [choice])["excluded_by"].is_null().to_list()


@pytest.mark.parametrize(
    ("calendar", "kept", "left_out"),
    [
        ("XLON", ["2023-07-03T08:00:00", "2023-07-03T16:29:59.999999"], ["2023-07-03T07:59:59.999999"]),
        ("XLON", [], ["2023-07-03T16:30:00", "2023-07-02T12:00:00", "2023-05-08T12:00:00"]),  # Sunday, coronation
        ("XLON", ["2023-12-22T12:29:59"], ["2023-12-22T12:30:00"]),  # half day before Christmas
        ("XNYS", ["2024-03-08T09:30:00", "2024-03-11T09:30:00"], ["2024-03-08T09:29:59", "2024-03-11T09:29:59"]),
        ("XNYS", ["2023-11-24T12:59:59"], ["2023-11-24T13:00:00", "2023-11-23T12:00:00"]),  # after Thanksgiving
        ("XNYS", ["1998-01-02T09:30:00"], ["1998-01-01T10:00:00"]),
        ("XHKG", ["2023-07-03T11:59:59", "2023-07-03T13:00:00"], ["2023-07-03T12:00:00", "2023-07-03T12:59:59"]),
        (
            "XASX",
            ["2024-01-02T10:00:00"],
            ["2024-01-01T12:00:00", "2024-01-02T16:00:00"],
        ),  # its session begins at 23 UTC
    ],
)
def test_ticks_are_kept_while_the_market_is_open(calendar: str, kept: list[str], left_out: list[str]) -> None:
    assert open_at(calendar, *sorted(kept + left_out)) == [clock in kept for clock in sorted(kept + left_out)]


def test_auctions_can_be_kept() -> None:
    clocks = ["2023-07-03T07:50:00", "2023-07-03T12:00:00", "2023-07-03T16:35:00", "2023-07-03T16:40:00"]
    assert open_at("XLON", *clocks) == [False, True, False, False]
    assert open_at("XLON", *clocks, after_close="10m") == [False, True, True, False]
    assert open_at("XLON", *clocks, before_open="10m") == [True, True, False, False]


def test_the_calendar_is_the_instruments_own() -> None:
    london = instrument("lseg:ABF.L").model_copy(update={"rules": instrument("x:Y").rules})
    assert london.calendar == "XLON"
    facts = london.model_dump() | {"rules": ["session"]}
    (choice,) = chosen(type(london).parse(facts, "by hand"), "quotes")
    assert choice.params == SessionParams(calendar="XLON")
    assert choice.describe["packages"].keys() == {"exchange-calendars"}


def test_sessions_are_in_order_across_years() -> None:
    noon = [epoch_ns(datetime(year, 6, 1, tzinfo=ZoneInfo("UTC"))) for year in (2021, 2023)]
    known = sessions_around("XHKG", *noon)
    assert all((column[1:] > column[:-1]).all() for column in known)
    assert (known.opens < known.break_starts).all()
    assert (known.break_starts <= known.break_ends).all()
    assert (known.break_ends <= known.closes).all()


def test_unknown_calendars_and_years_are_named() -> None:
    with pytest.raises(Unknown, match="did you mean 'XLON'"):
        sessions_around("XLONN", 0, 0)
    with pytest.raises(BadParams, match="XHKG: has no sessions of 1950"):
        sessions_around("XHKG", *[epoch_ns(datetime(1950, 6, 1, tzinfo=ZoneInfo("UTC")))] * 2)
