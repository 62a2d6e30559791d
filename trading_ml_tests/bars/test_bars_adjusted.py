"""Adjusted bars: AAPL's hours across its splits without a jump, and raw ones as they were traded."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zipfile import ZipFile

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.bars import BarParams, load
from trading_ml.core.instruments import Instrument, instrument
from trading_ml.core.lake import Lake
from trading_ml.core.time import NS, day_bounds, moment
from trading_ml.ticks.adjust import adjusted

HOURS = BarParams(every="1h")
APPLE = instrument("lean:AAPL")
SPLITS = {date(2014, 6, 9): 7, date(2020, 8, 31): 4}


@pytest.fixture(scope="module")
def hours(market_data: Path) -> pl.DataFrame:
    """AAPL as published: local hours, prices times 10,000, not adjusted."""
    file = market_data / "us_equity_fx_futures_lean" / "equity" / "usa" / "hour" / "aapl.zip"
    names = ["clock", "open", "high", "low", "close", "volume"]
    with ZipFile(file) as archive:
        raw = pl.read_csv(archive.read(archive.namelist()[0]), has_header=False, new_columns=names)
    opens = pl.col("clock").str.to_datetime("%Y%m%d %H:%M", time_unit="ns").dt.replace_time_zone(APPLE.zone)
    prices = (pl.col(name) / 10_000 for name in names[1:5])
    bars = raw.select(opens.alias("ts_open"), *prices, pl.col("volume").cast(pl.Float64))
    return bars.with_columns(day=pl.col("ts_open").dt.date(), ts_open=pl.col("ts_open").dt.convert_time_zone("UTC"))


@pytest.fixture
def stored(hours: pl.DataFrame, lake: Lake) -> Lake:
    """The weeks around both splits, as a table of hour bars."""
    for split in SPLITS:
        near = hours.filter((pl.col("day") - split).dt.total_days().is_between(-7, 7))
        for (day,), bars in near.partition_by("day", as_dict=True, include_key=False).items():
            lake.table("bars", HOURS.name).write(APPLE.name, day, bars, "by hand")
    return lake


@pytest.mark.parametrize("split", SPLITS)
def test_apples_hours_cross_its_splits_without_a_jump(stored: Lake, split: date) -> None:
    start, end = (moment(f"{split.year}-{month}-01", "UTC") for month in ("06" if split.month == 6 else "08", "12"))
    raw = load(stored, APPLE, HOURS, start, end)
    smooth = load(stored, APPLE, HOURS, start, end, adjusted=True)
    returns = lambda bars: (bars["close"].log().diff().abs().max(), bars["open"].log().diff().abs().max())
    assert min(returns(raw)) > 1.2  # ln 4 = 1.39, ln 7 = 1.95
    assert max(returns(smooth)) < 0.08  # 3 September 2020 fell that much


def test_raw_prices_stay_as_they_were_traded(stored: Lake) -> None:
    low, high = day_bounds(date(2014, 6, 6), APPLE.zone)
    raw = load(stored, APPLE, HOURS, low, high)
    assert raw["close"].to_list()[-1] == 645.57
    smooth = load(stored, APPLE, HOURS, low, high, adjusted=True)
    assert smooth["close"].to_list()[-1] == pytest.approx(645.57 / 28)
    assert smooth["volume"].to_list() == [volume * 28 for volume in raw["volume"]]
    assert load(stored, APPLE, HOURS, low, high).equals(raw)


def test_the_whole_history_has_no_jump_of_a_split(hours: pl.DataFrame) -> None:
    smooth = adjusted(hours, APPLE, "ts_open")
    first = hours.group_by("day", maintain_order=True).agg(pl.first("ts_open"))["ts_open"]
    overnight = smooth["close"].log().diff().filter(smooth["ts_open"].is_in(first.implode()))
    # 29 September 2000: profit warning, half its value
    assert overnight.abs().max() < 0.75  # pyright: ignore[reportOperatorIssue]
    last = moment("2020-08-31", APPLE.zone)
    since = pl.col("ts_open").to_physical() >= last
    assert smooth.filter(since).equals(hours.filter(since))


changes = st.lists(
    st.tuples(st.dates(date(2020, 1, 1), date(2020, 1, 9)), st.sampled_from([2.0, 7.0, 0.1])), max_size=4
)


@given(changes, changes, st.lists(st.integers(0, 10 * 24), min_size=1, max_size=20))
def test_factors_are_those_of_plain_python(
    splits: list[tuple[date, float]], factors: list[tuple[date, float]], clock: list[int]
) -> None:
    facts = {
        "source": "x", "symbol": "X", "zone": "Asia/Tokyo",
        "splits": [{"date": day, "ratio": ratio} for day, ratio in splits],
        "factors": [{"date": day, "factor": factor} for day, factor in factors],
    }  # fmt: skip
    start = moment("2020-01-01", "Asia/Tokyo")
    stamps = [start + hour * 3600 * 10**9 for hour in sorted(clock)]
    frame = pl.DataFrame({"ts_event": pl.Series(stamps).cast(NS), "price": 10.0, "size": 3.0, "seq": 1})
    after = adjusted(frame, Instrument.parse(facts, "by hand"))
    for hour, (_, price, size, seq) in zip(sorted(clock), after.rows(), strict=True):
        day = date(2020, 1, 1 + hour // 24)
        shares = factor = 1.0
        for when, ratio in splits:
            shares *= ratio if when > day else 1
        for when, one in factors:
            factor *= one if when > day else 1
        assert (price, size, seq) == (pytest.approx(10.0 * factor / shares), pytest.approx(3.0 * shares), 1)
