"""Bars of regular hours: half days, holidays, changes of the clock, breaks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from trading_ml.bars import BarParams, build
from trading_ml.core.errors import BadParams
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Receipt
from trading_ml.core.time import SECOND

SHARE = Instrument(source="x", symbol="NYSE", zone="America/New_York", calendar="XNYS")
TOKYO = Instrument(source="x", symbol="TSE", zone="Asia/Tokyo", calendar="XTKS")
HALF_HOURS = BarParams(every="30m", session="regular")

Publish = Callable[..., Receipt]


def at(share: Instrument, day: date, clock: str) -> int:
    moment = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZoneInfo(share.zone))
    return int(moment.timestamp()) * SECOND


def bars_of(lake: Lake, share: Instrument, day: date, params: BarParams) -> tuple[list[str], pl.DataFrame]:
    """Local clock of each bar's open, and the bars."""
    build(lake, share, params, [day])
    bars = lake.table("bars", params.name).read(share.name, day)
    return bars["ts_open"].dt.convert_time_zone(share.zone).dt.strftime("%H:%M").to_list(), bars


def round_the_clock(share: Instrument, day: date) -> list[dict[str, float]]:
    """A trade every ten minutes from 03:00 to 22:50, local time."""
    clocks = [f"{hour:02}:{minute:02}" for hour in range(3, 23) for minute in range(0, 60, 10)]
    return [{"ns": at(share, day, clock), "price": 1.0, "size": 1.0} for clock in clocks]


@pytest.mark.parametrize(
    ("day", "first", "last", "trades"),
    [
        (date(2024, 3, 8), "09:30", "15:30", 39),  # winter, 14:30 UTC
        (date(2024, 3, 11), "09:30", "15:30", 39),  # summer, 13:30 UTC
        (date(2023, 11, 24), "09:30", "12:30", 21),  # the day after Thanksgiving closes at 13:00
    ],
)
def test_new_yorks_hours(lake: Lake, publish: Publish, day: date, first: str, last: str, trades: int) -> None:
    publish(SHARE, day, round_the_clock(SHARE, day))
    clocks, bars = bars_of(lake, SHARE, day, HALF_HOURS)
    assert (clocks[0], clocks[-1], bars["trades"].sum()) == (first, last, trades)
    assert bars["trades"].unique().to_list() == [3]


@pytest.mark.parametrize("day", [date(2024, 7, 4), date(2024, 7, 6)])
def test_holidays_and_weekends_have_no_bar(lake: Lake, publish: Publish, day: date) -> None:
    publish(SHARE, day, round_the_clock(SHARE, day))
    for params in (
        HALF_HOURS,
        BarParams(ticks=5, session="regular"),
        BarParams(every="1m", session="regular", fill=True),
    ):
        assert bars_of(lake, SHARE, day, params)[0] == []


def test_the_close_and_the_break_are_outside_the_open_is_inside(lake: Lake, publish: Publish) -> None:
    day = date(2024, 1, 10)
    clocks = ["08:59:59", "09:00", "11:29:59", "11:30", "12:29:59", "12:30", "14:59:59", "15:00"]
    publish(TOKYO, day, [{"ns": at(TOKYO, day, c), "price": 1.0 + n, "size": 1.0} for n, c in enumerate(clocks)])
    opens, bars = bars_of(lake, TOKYO, day, BarParams(ticks=2, session="regular"))
    assert opens == ["09:00", "12:30"]
    assert bars["open"].to_list() + bars["close"].to_list() == [2.0, 6.0, 3.0, 7.0]


def test_empty_intervals_of_the_session_are_filled_and_its_break_is_not(lake: Lake, publish: Publish) -> None:
    day = date(2024, 1, 10)
    publish(TOKYO, day, [{"ns": at(TOKYO, day, c), "price": 1.0, "size": 1.0} for c in ("10:00", "11:50", "13:45")])
    opens, bars = bars_of(lake, TOKYO, day, BarParams(every="30m", fill=True, session="regular"))
    assert opens == ["10:00", "10:30", "11:00", "12:30", "13:00", "13:30"]
    assert bars["filled"].to_list() == [False, True, True, True, True, False]
    hours, _ = bars_of(lake, TOKYO, day, BarParams(every="1h", fill=True, session="regular"))
    assert hours == ["10:00", "11:00", "12:00", "13:00"]


def test_bars_of_all_hours_and_of_regular_ones_live_side_by_side(lake: Lake, publish: Publish) -> None:
    day = date(2024, 3, 8)
    publish(SHARE, day, round_the_clock(SHARE, day))
    assert HALF_HOURS.name != "30m"
    assert len(bars_of(lake, SHARE, day, BarParams(every="30m"))[0]) == 40
    assert len(bars_of(lake, SHARE, day, HALF_HOURS)[0]) == 13


def test_another_calendar_rebuilds_and_none_is_refused(lake: Lake, publish: Publish) -> None:
    day = date(2024, 7, 4)
    publish(SHARE, day, round_the_clock(SHARE, day))
    assert build(lake, SHARE, HALF_HOURS, [day])[day].rows == 0
    london = SHARE.model_copy(update={"calendar": "XLON"})
    assert build(lake, london, HALF_HOURS, [day])[day].rows == 17
    with pytest.raises(BadParams, match="x:NYSE: has no exchange calendar; give it one in"):
        build(lake, SHARE.model_copy(update={"calendar": None}), HALF_HOURS, [day])
