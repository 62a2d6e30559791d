"""Joins as of a close against plain loops; and that nothing which comes after a close moves what was joined to it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.core.context import Extent, Part
from trading_ml.core.crafted import crafted
from trading_ml.core.joined import joined, latest, within
from trading_ml.core.neighbours import Neighbours, Overlap
from trading_ml.core.other import Bars
from trading_ml.core.time import DAY, NS, SECOND, day_bounds
from trading_ml.features import FeatureUse
from trading_ml.labels import LabelUse

HOURS = st.lists(st.integers(1, 60), min_size=1, max_size=25)
MINUTE = 60 * SECOND


def bars(lengths: list[int], gaps: list[int] | None = None, start: int = 0) -> pl.DataFrame:
    """Bars of so many minutes one after the other, with so many minutes of pause before each."""
    gaps = (gaps or [0] * len(lengths))[: len(lengths)] + [0] * len(lengths)
    opens, closes, now = [], [], start
    for length, gap in zip(lengths, gaps, strict=False):
        opens.append((now + gap) * MINUTE)
        now += gap + length
        closes.append(now * MINUTE)
    close = [float(number) for number in range(len(lengths))]
    stamps = {"ts_open": pl.Series(opens).cast(NS), "ts_close": pl.Series(closes).cast(NS)}
    return pl.DataFrame({**stamps, "close": close})


def minutes(frame: pl.DataFrame, column: str) -> list[int]:
    return (frame[column].to_physical() // MINUTE).to_list()


@given(HOURS, HOURS, HOURS, st.integers(1, 500))
def test_a_close_sees_the_last_bar_that_has_closed_and_is_young_enough(
    own: list[int], others: list[int], gaps: list[int], age: int
) -> None:
    ours, theirs = bars(own, gaps), bars(others, gaps[::-1])
    found = joined(ours, theirs, "slow", Bars("1m", max_age=f"{age}m"))["slow.close"].to_list()
    for now, value in zip(minutes(ours, "ts_close"), found, strict=True):
        expected = None
        for close, told in zip(minutes(theirs, "ts_close"), theirs["close"], strict=True):
            if close <= now and now - close <= age:
                expected = told
        assert value == expected


@given(HOURS, HOURS, HOURS)
def test_a_bar_holds_those_that_open_and_close_inside_it(own: list[int], others: list[int], gaps: list[int]) -> None:
    ours, theirs = bars(own, gaps), bars(others, gaps[::-1])
    found = joined(ours, theirs, "fine", Bars("1m", inside=True))["fine.close"].to_list()
    inner = list(zip(minutes(theirs, "ts_open"), minutes(theirs, "ts_close"), theirs["close"], strict=True))
    for start, stop, values in zip(minutes(ours, "ts_open"), minutes(ours, "ts_close"), found, strict=True):
        assert values == [told for opened, closed, told in inner if start <= opened and closed <= stop]


@settings(max_examples=50)
@given(HOURS, HOURS, HOURS, st.booleans(), st.randoms(use_true_random=False))
def test_other_bars_that_close_later_move_nothing(
    own: list[int], others: list[int], gaps: list[int], inside: bool, random
) -> None:
    ours, theirs, wanted = bars(own, gaps), bars(others, gaps[::-1]), Bars("1m", inside=inside)
    whole = joined(ours, theirs, "x", wanted)
    row = random.randrange(ours.height)
    past = theirs.filter(pl.col("ts_close") <= ours["ts_close"][row])
    late = theirs.filter(pl.col("ts_close") > ours["ts_close"][row]).with_columns(pl.col("close") * -1000)
    for other in (past, pl.concat([past, late])):
        assert joined(ours.head(row + 1), other, "x", wanted).equals(whole.head(row + 1))


def part(kind: str, use: str, **on: object) -> Part:
    made = (FeatureUse if kind == "feature" else LabelUse).parse({"use": use, "on": on}, use)
    return Part(use, made.bound, Extent(), Extent(bars=1) if kind == "label" else Extent())


@given(HOURS, HOURS, HOURS)
def test_a_label_of_finer_bars_reads_only_what_opens_after_the_sample(
    own: list[int], others: list[int], gaps: list[int]
) -> None:
    ours, theirs = bars(own, gaps), bars(others, gaps[::-1])
    found = part("label", "direction", every="1m").columns(ours, 0, ours.height, [theirs])
    opens, closes = minutes(theirs, "ts_open"), minutes(theirs, "ts_close")
    ends = found["label_end"].to_physical().to_list()
    for now, up, end in zip(minutes(ours, "ts_close"), found["up"].to_list(), ends, strict=True):
        row = max((number for number, close in enumerate(closes) if close <= now), default=None)
        if row is None or row + 1 == len(closes) or opens[row + 1] < now:
            assert up is None
            assert end is None
        else:  # closes count up, so direction is always up, and known when the next bar has closed
            assert up is True
            assert end == closes[row + 1] * MINUTE > now * MINUTE


@given(HOURS, st.integers(0, 24), st.integers(0, 24))
def test_a_feature_on_other_bars_is_theirs_taken_as_of_each_close(lengths: list[int], first: int, rows: int) -> None:
    ours, theirs = bars(lengths), bars([7] * 250).with_columns(pl.col("close") + 1)
    first = min(first, ours.height - 1)
    stop = min(first + 1 + rows, ours.height)
    ret = Part("ret", part("feature", "log_return", every="7m").bound, Extent(bars=1), Extent())
    found = ret.columns(ours, first, stop, [theirs])["log_return"].to_list()
    for now, value in zip(minutes(ours, "ts_close")[first:stop], found, strict=True):
        closed = now // 7  # so many have closed by then; the n-th closes at n
        assert value == (pytest.approx(np.log(closed / (closed - 1))) if closed > 1 else None)


def test_no_other_bar_at_all_gives_null_and_keeps_the_columns() -> None:
    ours, none = crafted(5), crafted(5).clear()
    assert joined(ours, none, "slow", Bars("30m"))["slow.close"].to_list() == [None] * 5
    assert joined(ours, none, "fine", Bars("1m", inside=True))["fine.close"].to_list() == [[]] * 5
    on = part("feature", "sma", every="30m").columns(ours, 1, 4, [none])
    assert on.to_dict(as_series=False) == {"sma": [None] * 3, "sma_rel": [None] * 3}
    assert on.dtypes == [pl.Float64, pl.Float64]


def test_ties_take_the_last() -> None:
    assert latest(np.array([5, 5, 6]), np.array([5, 5, 9]), age=100).tolist() == [1, 1, 1]
    first, stop = within(bars([1, 1]), bars([1, 1]))
    assert (first.tolist(), stop.tolist()) == ([0, 1], [1, 2])


FIRST = date(2024, 3, 4)
ZONES = st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo", "Pacific/Auckland"])
COUNTS = st.lists(st.integers(0, 4), min_size=1, max_size=20)


@given(COUNTS, COUNTS, ZONES, ZONES, st.integers(0, 9), st.integers(1, 6), st.booleans())
def test_the_dates_read_hold_every_bar_that_counts_whatever_the_calendars(
    ours: list[int], theirs: list[int], own: str, zone: str, before: int, age: int, label: bool
) -> None:
    dates = [FIRST + timedelta(number) for number in range(len(theirs))]
    rows = dict(zip(dates, theirs, strict=True))
    after = Extent(bars=before + 1) if label else Extent()
    near = Neighbours(dates, lambda day: rows.get(day, 0), Extent(bars=before), after)
    overlap = Overlap(near, zone, own, age * DAY)
    closes = [(day, close) for day in dates for close in spread(day, zone, rows[day])]
    for number in range(len(ours)):
        day = FIRST + timedelta(number)
        read = set(overlap.context(day, day))
        for now in spread(day, own, 5):
            row = max((place for place, (_, close) in enumerate(closes) if close <= now), default=None)
            if row is None or now - closes[row][1] > age * DAY:
                continue
            needed = {at for at, _ in closes[max(0, row - before) : row + 1 + after.bars]}
            assert needed <= read


def test_a_day_of_25_hours_goes_on_on_three_dates_elsewhere() -> None:
    overlap = Overlap(
        Neighbours([], lambda day: 0, Extent(), Extent()), "America/Buenos_Aires", "America/St_Johns", DAY
    )
    assert overlap.during([date(2024, 11, 3)]) == {date(2024, 11, 2), date(2024, 11, 3), date(2024, 11, 4)}


def spread(day: date, zone: str, count: int) -> list[int]:
    """Closes of `count` bars, evenly over a day, the last at its end."""
    start, end = day_bounds(day, zone)
    return [start + (end - start) * (number + 1) // count for number in range(count)]
