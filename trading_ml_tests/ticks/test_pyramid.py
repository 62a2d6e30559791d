"""The pyramid and what is drawn from it: every spike, few points, the same whether it was built or not."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trading_ml.core.errors import BadInput, BadParams
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.core.time import NS, SECOND, day_bounds
from trading_ml.ticks import Ticks, display, pyramid
from trading_ml.ticks.thin import thinned

TRADED = instrument("x:Y")  # of UTC
START = date(2024, 1, 1)


def write(lake: Lake, days: list[list[tuple[float, bool]]], gap: int = SECOND) -> list[tuple[int, float, bool]]:
    """Ticks `gap` apart from midnight on, of each day; returns stamp, price and whether a tick is usable."""
    told = []
    for number, rows in enumerate(days):
        day = START + timedelta(number)
        stamps = [day_bounds(day, "UTC")[0] + at * gap for at in range(len(rows))]
        excluded = [None if usable else "outlier" for _, usable in rows]
        frame = pl.DataFrame(
            {
                "ts_event": pl.Series(stamps, dtype=pl.Int64).cast(NS),
                "price": pl.Series([price for price, _ in rows], dtype=pl.Float64),
                "size": pl.Series([1.0] * len(rows), dtype=pl.Float64),
                "excluded_by": pl.Series(excluded, dtype=pl.String),
            }
        )
        lake.table("ticks", "trades").write(TRADED.name, day, frame, "by hand")
        told += [(ns, *row) for ns, row in zip(stamps, rows, strict=True)]
    return told


def build(lake: Lake, **span: Any) -> dict[date, Any]:
    return pyramid.build_span(lake, TRADED, **{"start": START, "end": date(2025, 1, 1), **span})


prices = st.tuples(st.sampled_from([-37.0, 1.0, 1.5, 2.0, 99.0]), st.sampled_from([True, True, True, False]))
some_days = st.lists(st.lists(prices, max_size=40), min_size=1, max_size=4)


@given(some_days)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blocks_are_those_of_plain_python(
    tmp_path_factory: pytest.TempPathFactory, days: list[list[tuple[float, bool]]]
) -> None:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    told = write(lake, days)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyramid, "BLOCK", 4)
        built = build(lake)
    assert list(built) == [START + timedelta(number) for number in range(len(days))]
    for number, rows in enumerate(days):
        own, told = told[: len(rows)], told[len(rows) :]
        expected = []
        for block in (own[at : at + 4] for at in range(0, len(own), 4)):
            usable = [(price, ns) for ns, price, fine in block if fine]
            low = min(usable, key=lambda pair: pair[0]) if usable else (None, None)
            high = max(usable, key=lambda pair: pair[0]) if usable else (None, None)
            expected.append((low[1], low[0], high[1], high[0]))
        blocks = lake.table("pyramid", "trades").read(TRADED.name, START + timedelta(number))
        assert blocks.with_columns(pl.selectors.datetime().to_physical()).rows() == expected


def test_what_is_current_is_left_alone_and_what_changed_is_built(lake: Lake) -> None:
    write(lake, [[(1.0, True)] * 5, [(2.0, True)] * 5, []])
    first = build(lake)
    assert [receipt.rows for receipt in first.values()] == [1, 1, 0]
    times = {day: lake.table("pyramid", "trades").path(TRADED.name, day).stat().st_mtime_ns for day in first}
    write(lake, [[(1.0, True)] * 5, [(7.0, True)] * 5])
    lake.table("ticks", "trades").remove(TRADED.name, START + timedelta(2))
    assert list(build(lake)) == [START, START + timedelta(1)]
    table = lake.table("pyramid", "trades")
    assert table.dates(TRADED.name) == [START, START + timedelta(1)]
    assert table.path(TRADED.name, START).stat().st_mtime_ns == times[START]
    assert table.read(TRADED.name, START + timedelta(1))["high"].to_list() == [7.0]
    assert build(lake, start=date(2024, 2, 1)) == {}


@example([[(-37.0, True)] * 26], 0, 25, 12, True)
@given(some_days, st.integers(0, 170), st.integers(0, 170), st.integers(4, 30), st.booleans())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_span_is_drawn_with_its_spikes_in_few_points(
    tmp_path_factory: pytest.TempPathFactory, days: list[list[tuple[float, bool]]], low: int, high: int, points: int,
    wide: bool,
) -> None:  # fmt: skip
    lake = Lake(tmp_path_factory.mktemp("lake"))
    told = write(lake, days)
    with pytest.MonkeyPatch.context() as patch:
        for room in (pyramid, display):
            patch.setattr(room, "BLOCK", 4)
        patch.setattr(display, "DETAIL", 24 if wide else 10**6)
        build(lake, end=START + timedelta(2))  # of later days the pyramid is missing
        low, high = sorted((min(low, len(told)), min(high, len(told))))
        moment = lambda at: told[at][0] if at < len(told) else 2**62
        drawn = Ticks.open(TRADED.name, data=lake.root).display(moment(low), moment(high), points)
    usable = [(ns, price) for ns, price, fine in told[low:high] if fine]
    rows = drawn.with_columns(pl.col("ts_event").to_physical()).rows()
    assert drawn.schema == {"ts_event": NS, "price": pl.Float64}
    assert len(rows) <= points
    assert set(rows) <= set(usable)
    assert rows == sorted(set(rows))
    if usable:
        assert min(price for _, price in rows) == min(price for _, price in usable)
        assert max(price for _, price in rows) == max(price for _, price in usable)
    if len(usable) <= points and not wide:
        assert rows == usable


def test_a_wide_picture_is_the_same_from_the_pyramid_and_without_it(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = np.random.default_rng(7).normal(0, 1, (3, 20_000)).cumsum(axis=1)
    walk[1, 7_777], walk[2, 19_999] = 500.0, -500.0
    write(lake, [[(float(price), at % 50 > 0) for at, price in enumerate(day)] for day in walk])
    monkeypatch.setattr(display, "DETAIL", 2048)
    without = Ticks.open(TRADED.name, data=lake.root).display(points=100)
    build(lake)
    monkeypatch.setattr(display, "day_blocks", lambda *_: pytest.fail("ticks were read"))
    ticks = Ticks.open(TRADED.name, data=lake.root)
    drawn = ticks.display(points=100)
    assert drawn.equals(without)
    assert drawn.height <= 100
    assert {500.0, -500.0} <= set(drawn["price"])
    assert drawn["ts_event"][0] == ticks[1:2]["ts_event"][0]
    assert drawn["ts_event"][-1] == ticks[-1:]["ts_event"][0]


def test_quotes_are_drawn_at_their_mid(lake: Lake) -> None:
    quotes = {"bid": [1.0, None, 3.0], "ask": [2.0, 9.0, 4.0], "bid_size": [1.0] * 3, "ask_size": [1.0] * 3}
    times = {"ts_event": pl.Series([10**18 + at for at in range(3)]).cast(NS)}
    frame = pl.DataFrame({**times, **quotes, "excluded_by": pl.Series([None] * 3, dtype=pl.String)})
    lake.table("ticks", "quotes").write(TRADED.name, date(2001, 9, 9), frame, "by hand")
    built = pyramid.build_span(lake, TRADED, date(2001, 9, 9), date(2001, 9, 10), "quotes")
    assert [receipt.rows for receipt in built.values()] == [1]
    assert Ticks.open(TRADED.name, "quotes", lake.root).display()["price"].to_list() == [1.5, 3.5]
    blocks = lake.table("pyramid", "quotes").read(TRADED.name, date(2001, 9, 9))
    assert blocks.select("low", "high").rows() == [(1.5, 3.5)]


def test_ticks_that_changed_since_are_not_drawn_half(lake: Lake) -> None:
    write(lake, [[(1.0, True)] * 5])
    ticks = Ticks.open(TRADED.name, data=lake.root)
    write(lake, [[(2.0, True)] * 6])
    with pytest.raises(BadInput, match="open again"):
        ticks.display()


# Thinning.

walks = st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0, 5.0]), min_size=1, max_size=300)
gaps = st.lists(st.sampled_from([0, 1, 1, 1, 2, 1000]), min_size=300, max_size=300)


@given(walks, gaps, st.integers(4, 40))
@settings(max_examples=200)
def test_thinning_keeps_ends_extremes_and_order(values: list[float], steps: list[int], points: int) -> None:
    price, ts = np.array(values), np.cumsum(steps)[: len(values)]
    kept = thinned(ts, price, points)
    assert len(kept) <= points
    assert (np.diff(kept) > 0).all()
    assert {0, len(values) - 1, int(price.argmin()), int(price.argmax())} <= set(kept.tolist())
    if len(values) <= points:
        assert kept.tolist() == list(range(len(values)))


def test_the_point_of_the_largest_triangle_stays() -> None:
    """Twelve points to six by LTTB, and the two extremes: worked out by hand from the definition."""
    price = np.array([0.0, 0, 4, 0, 0, -3, 0, 0, 0, 5, 0, 0])
    assert thinned(np.arange(12), price, 8).tolist() == plain_lttb(price.tolist(), 6)


def plain_lttb(y: list[float], points: int) -> list[int]:
    """Largest triangle three buckets as its author tells it, with stamps 0, 1, 2 …, plus lowest and highest."""
    inner, kept = len(y) - 2, [0]
    edges = [1 + bucket * inner // (points - 2) for bucket in range(points - 1)]
    for bucket in range(points - 2):
        after = range(edges[bucket + 1], edges[bucket + 2]) if bucket + 2 < len(edges) else [len(y) - 1]
        cx, cy = sum(after) / len(after), sum(y[at] for at in after) / len(after)
        ax, ay = kept[-1], y[kept[-1]]
        area = lambda at, ax=ax, ay=ay, cx=cx, cy=cy: abs((ax - cx) * (y[at] - ay) - (ax - at) * (cy - ay))
        kept.append(max(range(edges[bucket], edges[bucket + 1]), key=area))
    return sorted({*kept, len(y) - 1, y.index(min(y)), y.index(max(y))})


@given(st.lists(st.integers(-50, 50).map(float), min_size=20, max_size=60), st.integers(8, 18))
def test_short_series_are_thinned_by_plain_triangles(values: list[float], points: int) -> None:
    kept = thinned(np.arange(len(values)), np.array(values), points) if len(values) <= 4 * points else None
    if kept is not None and len(values) > points:
        assert kept.tolist() == plain_lttb(values, points - 2)


def test_too_few_points_are_refused(lake: Lake) -> None:
    write(lake, [[(1.0, True)] * 5])
    with pytest.raises(BadParams, match="points 3"):
        Ticks.open(TRADED.name, data=lake.root).display(points=3)


def test_real_days_keep_their_spikes(market_data: Path) -> None:
    """A day of bitFlyer's executions, as the incumbent charts them."""
    path = sorted((market_data / "bitflyer_btcjpy_ticks").glob("*exec*"))[0]
    raw = pl.read_csv(path, columns=["exec_date", "price"]).filter(pl.col("exec_date") != "").sort("exec_date")
    ts = raw["exec_date"].str.to_datetime(time_unit="ns", time_zone="UTC").to_physical().to_numpy()
    price = raw["price"].to_numpy()
    kept = thinned(ts, price, 400)
    assert len(kept) <= 400
    drawn = np.interp(ts.astype(float), ts[kept].astype(float), price[kept])
    assert np.abs(drawn - price).mean() < 0.0015 * price.mean()
