"""The table of bars: built once, rebuilt for what changed, the same bytes always."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from trading_ml.bars import BarParams, build, build_span, load
from trading_ml.bars.table import RECIPE
from trading_ml.core import progress
from trading_ml.core.errors import NoData
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Receipt
from trading_ml.core.time import SECOND

ALFA = Instrument(source="simulated", symbol="ALFA", zone="UTC")
DAYS = [date(2024, 1, 30) + timedelta(days=n) for n in range(4)]
MINUTES = BarParams(every="1m")

Publish = Callable[..., Receipt]


def ns(day: date, clock_seconds: float = 0) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND + int(clock_seconds * SECOND)


def some_ticks(day: date, n: int = 300, price: float = 100.0) -> list[dict[str, Any]]:
    """A tick every 17.5 seconds from 09:00 on, with a price that goes up and down."""
    return [
        {
            "ns": ns(day, 32_400 + 17.5 * i),
            "price": price + (i * 37 % 101 - 50) / 100,
            "size": 1.0 + i % 7 / 10,
            "side": ("buy", "sell", None)[i % 3],
        }
        for i in range(n)
    ]


def bytes_of(lake: Lake) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in lake.path("bars").rglob("*.parquet")}


@pytest.fixture
def four_days(lake: Lake, publish: Publish) -> Lake:
    for day in DAYS:
        publish(ALFA, day, some_ticks(day))
    return lake


def test_each_day_of_ticks_becomes_a_partition(four_days: Lake) -> None:
    receipts = build(four_days, ALFA, MINUTES, reversed(DAYS))
    assert list(receipts) == DAYS
    table = four_days.table("bars", "1m")
    assert {day: table.receipt(ALFA.name, day) for day in DAYS} == receipts
    assert all(receipt.rows == 88 for receipt in receipts.values())  # 300 ticks in 87.5 minutes


def test_current_bars_are_left_alone_and_changed_ticks_rebuild_only_their_day(
    four_days: Lake, publish: Publish
) -> None:
    first = build(four_days, ALFA, MINUTES, DAYS)
    stamps = {path: path.stat().st_mtime_ns for path in four_days.path("bars").rglob("*.parquet")}
    assert build(four_days, ALFA, MINUTES, DAYS) == first
    publish(ALFA, DAYS[1], some_ticks(DAYS[1], price=101.0))
    again = build(four_days, ALFA, MINUTES, DAYS)
    rewritten = [path.stem for path, stamp in stamps.items() if path.stat().st_mtime_ns != stamp]
    assert rewritten == [str(DAYS[1])]
    assert [day for day in DAYS if again[day].digest != first[day].digest] == [DAYS[1]]


def test_bars_of_ticks_that_are_gone_are_removed(four_days: Lake) -> None:
    build(four_days, ALFA, MINUTES, DAYS)
    four_days.table("ticks", "trades").remove(ALFA.name, DAYS[2])
    receipts = build_span(four_days, ALFA, MINUTES, DAYS[0], DAYS[-1])  # the end is exclusive
    assert list(receipts) == DAYS[:2]
    assert four_days.table("bars", "1m").dates(ALFA.name) == [DAYS[0], DAYS[1], DAYS[3]]


def test_zone_and_parameters_are_among_the_inputs(four_days: Lake) -> None:
    inputs = {build(four_days, ALFA, MINUTES, DAYS[:1])[DAYS[0]].inputs}
    inputs.add(build(four_days, ALFA.model_copy(update={"zone": "Europe/London"}), MINUTES, DAYS[:1])[DAYS[0]].inputs)
    inputs.add(build(four_days, ALFA, BarParams(every="1m", fill=True), DAYS[:1])[DAYS[0]].inputs)
    assert len(inputs) == 3


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_and_any_order_gives_the_same_bytes(
    lake: Lake, publish: Publish, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in DAYS:
        publish(ALFA, day, some_ticks(day))
    build(lake, ALFA, MINUTES, DAYS)
    reference = bytes_of(lake)
    for path in lake.path("bars").rglob("*.parquet"):
        path.unlink()
    monkeypatch.setenv("TRADING_ML_WORKERS", str(workers))
    for day in reversed(DAYS[2:]):
        build(lake, ALFA, MINUTES, [day])
    with ThreadPoolExecutor(workers) as pool:
        build_span(lake, ALFA, MINUTES, DAYS[0], date(2100, 1, 1), pool)
    assert bytes_of(lake) == reference


def test_the_recipe_number_goes_with_the_bars_it_makes(lake: Lake, publish: Publish) -> None:
    """Fails when the same ticks give other bars: then raise RECIPE, so that every lake builds them anew."""
    publish(ALFA, DAYS[0], some_ticks(DAYS[0]))
    made = []
    for params in (MINUTES, BarParams(every="7m", fill=True), BarParams(ticks=40), BarParams(volume=33.0)):
        build(lake, ALFA, params, DAYS[:1])
        bars = lake.table("bars", params.name).read(ALFA.name, DAYS[0])
        made += bars.with_columns(pl.col("ts_open", "ts_close").to_physical()).rows()
    assert (RECIPE, hashlib.sha256(repr(made).encode()).hexdigest()[:16]) == (1, "df6c15e2fbe74d7a")


def test_excluded_ticks_enter_no_bar(lake: Lake, publish: Publish) -> None:
    ticks = some_ticks(DAYS[0], 9)
    for i in (0, 4, 8):
        ticks[i] |= {"price": 1e6, "size": 1e6, "excluded_by": "off_market"}
    publish(ALFA, DAYS[0], ticks)
    build(lake, ALFA, MINUTES, DAYS[:1])
    build(lake, ALFA, BarParams(ticks=3, statistics=("signed_volume",)), DAYS[:1])
    bars = load(lake, ALFA, MINUTES, ns(DAYS[0]), ns(DAYS[1]))
    assert bars["trades"].sum() == 6
    assert bars["high"].max() == max(tick["price"] for i, tick in enumerate(ticks) if i not in (0, 4, 8))
    threes = load(lake, ALFA, BarParams(ticks=3, statistics=("signed_volume",)), ns(DAYS[0]), ns(DAYS[1]))
    assert threes["trades"].to_list() == [3, 3]
    assert threes["open"].to_list() == [ticks[1]["price"], ticks[5]["price"]]


def test_a_day_without_usable_ticks_is_an_empty_partition(lake: Lake, publish: Publish) -> None:
    publish(ALFA, DAYS[0], [{**tick, "excluded_by": "cancelled"} for tick in some_ticks(DAYS[0], 3)])
    publish(ALFA, DAYS[1], some_ticks(DAYS[1], 3))
    for params in (MINUTES, BarParams(every="1m", fill=True), BarParams(ticks=2, statistics=("signed_volume",))):
        assert build(lake, ALFA, params, DAYS[:2])[DAYS[0]].rows == 0
        assert load(lake, ALFA, params, ns(DAYS[0]), ns(DAYS[2])).height > 0


def test_loading_takes_the_bars_that_open_in_the_range(four_days: Lake) -> None:
    build(four_days, ALFA, MINUTES, DAYS)
    nine = ns(DAYS[1], 32_400)
    bars = load(four_days, ALFA, MINUTES, nine + 60 * SECOND, ns(DAYS[2], 32_400 + 60))
    opens = bars["ts_open"].to_physical().to_list()
    assert opens == [nine + 60 * SECOND * n for n in range(1, 88)] + [ns(DAYS[2], 32_400)]
    assert load(four_days, ALFA, MINUTES, -(2**62), 2**62).height == 4 * 88
    with pytest.raises(NoData, match="1m bars of simulated:ALFA: there are none from 2030-01-01 to 2030-01-01"):
        load(four_days, ALFA, MINUTES, ns(date(2030, 1, 1)), ns(date(2030, 1, 2)))


def test_progress_is_reported(four_days: Lake) -> None:
    heard: list[tuple[str, int, int, str]] = []
    with progress.listen(lambda *said: heard.append(said)):
        build(four_days, ALFA, MINUTES, DAYS)
    assert heard[-1] == ("bars 1m of simulated:ALFA", 4, 4, "")
