"""Bars of completed orders, and what IG's quotes tell of the day."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from trading_ml import bars
from trading_ml.bars import BarParams
from trading_ml.core.errors import BadParams, NoData
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.ticks import merge, uploads

NAME, DAY, START = "ig:MADE_UP", date(2024, 1, 2), 1_704_153_600_000
PRICES = (
    (100, "9,11,8,2,25,12,7"), (1_200, "10,12,8,3,37,12,7"), (1_700, "11,13,,4,50,12,7"), (5_000, "12,14,8,5,62,13,7"),
)  # fmt: skip
ORDERS = (
    (1_100, "profit,BUY,2,3,12,10,15"), (1_900, "loss,BUY,2,3,13,11,16"), (3_000, "LOSS,sell,2,3,11,,"),
    (4_000, "-2.5,buy,,,14,12,17"), (4_500, "1,buy,2,3,14,12,17"), (6_000, "?,odd,2,3,14,12,17"),
)  # fmt: skip


@pytest.fixture
def told(lake: Lake, tmp_path: Path) -> Lake:
    """Prices and orders of one day, merged."""
    files = {
        "prices": [f"{START + at},{row},00:00:00,TRADEABLE,0\n" for at, row in PRICES],
        "orders": [f"{START + at},{row}\n" for at, row in ORDERS],
    }
    for what, lines in files.items():
        path = tmp_path / f"made_up_{what}.csv"
        path.write_text("".join(lines))
        uploads.parse(lake, uploads.announce(lake, path, f"ig_{what}").id)
    days: dict[str, set[date]] = defaultdict(set)
    for cell in merge.stale(lake):
        days[cell.kind].add(cell.date)
    for kind, dates in days.items():
        merge.build_dates(lake, instrument(NAME), dates, kind)
    return lake


def built(lake: Lake, params: BarParams):
    bars.build(lake, instrument(NAME), params, [DAY])
    return lake.table("bars", params.name).read(NAME, DAY)


def test_an_order_is_in_the_second_in_which_it_was_placed_and_the_first_one_speaks(told: Lake) -> None:
    wanted = ("side", "limit_price", "stop_price", "profit")
    made = built(told, BarParams(every="1s", kind="orders", statistics=wanted))
    assert made["ts_open"].dt.second().to_list() == [1, 3, 4, 6]
    assert made["trades"].to_list() == [2, 1, 2, 1]
    assert made["open"].to_list() == [12, 11, 14, 14]
    assert made.select(wanted).rows() == [
        (1.0, 15.0, 10.0, 1.0), (-1.0, 8.0, 13.0, 0.0), (1.0, 17.0, 12.0, 0.0), (None, 17.0, 12.0, None),
    ]  # fmt: skip
    assert made["volume"].sum() == 0


def test_missing_seconds_are_filled_from_the_time_before_them(told: Lake) -> None:
    made = built(told, BarParams(every="1s", kind="quotes", fill=True, statistics=("mid_open", "day_high", "day_low")))
    assert made["ts_close"][0] == datetime(2024, 1, 2, 0, 0, 1, tzinfo=UTC)
    assert made["filled"].to_list() == [False, False, True, True, True, False]
    assert made["close"].to_list() == [10, 12, 12, 12, 12, 13]
    assert made["bid"].to_list() == [9, 11, 11, 11, 11, 12]
    assert made["mid_open"].to_list() == [8] * 6
    assert made["day_high"].to_list() == [12, 12, 12, 12, 12, 13]


def test_what_cannot_be_is_said(told: Lake) -> None:
    with pytest.raises(BadParams, match="orders trade nothing"):
        BarParams.parse({"volume": 5, "kind": "orders"}, "bars")
    with pytest.raises(BadParams, match="statistic 'profit' is one of orders, the bars are of quotes"):
        BarParams.parse({"every": "1s", "kind": "quotes", "statistics": ["profit"]}, "bars")
    table = told.table("ticks", "quotes")
    frame = table.read(NAME, DAY).drop("high")
    table.write(NAME, DAY, frame, "other")
    with pytest.raises(NoData, match="quotes of ig:MADE_UP: have no high; their source does not tell it"):
        built(told, BarParams(every="1s", kind="quotes", statistics=("day_high",)))
