"""Features of volume and microstructure against plain loops, hand-made numbers and what must hold for any bars."""

from __future__ import annotations

from itertools import pairwise
from math import log, sqrt
from statistics import NormalDist, covariance, linear_regression, stdev

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.core.crafted import crafted
from trading_ml.core.errors import BadParams
from trading_ml.core.script import load

Values = list[float | None]
BARS = crafted(600)
CLOSE, VOLUME, SIDE = (BARS[name].to_list() for name in ("close", "volume", "signed_volume"))
CHANGE = [None, *(now - before for before, now in pairwise(CLOSE))]
RETURN = [None, *(log(now / before) for before, now in pairwise(CLOSE))]
NAMES = (
    "amihud", "imbalance", "kyle_lambda", "obv", "quoted_spread", "relative_volume", "roll_spread", "signed_volume",
    "vpin",
)  # fmt: skip


def evaluate(use: str, bars: pl.DataFrame = BARS, **params: object) -> Values:
    return load(use, "feature").bind(params).evaluate(bars).to_series().to_list()


def same(ours: Values, theirs: Values, absolute: float = 0.0) -> None:
    assert [value is None for value in ours] == [value is None for value in theirs]
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]
    assert pairs
    np.testing.assert_allclose([a for a, _ in pairs], [b for _, b in pairs], rtol=1e-9, atol=absolute)


def tick_rule(row: int) -> float:
    return float(np.sign(CHANGE[row])) * VOLUME[row]


def bulk(row: int, deviation: int) -> float:
    changes = CHANGE[row - deviation + 1 : row + 1]
    if len(set(changes)) == 1:
        return float(np.sign(changes[0])) * VOLUME[row]
    return (2 * NormalDist().cdf(CHANGE[row] / stdev(changes)) - 1) * VOLUME[row]


def nothing(rows: int) -> Values:
    return [None] * rows


@pytest.mark.parametrize("period", [1, 20])
def test_obv_of_a_window(period: int) -> None:
    expected = [sum(tick_rule(row) for row in range(end - period + 1, end + 1)) for end in range(period, len(CLOSE))]
    same(evaluate("obv", period=period), nothing(period) + expected, 1e-6)


def test_obv_of_a_day_begins_anew_with_each_local_date() -> None:
    dates = BARS["ts_open"].dt.convert_time_zone("America/New_York").dt.date().to_list()
    expected = [0.0]
    for row in range(1, len(CLOSE)):
        expected.append(expected[-1] + tick_rule(row) if dates[row] == dates[row - 1] else 0.0)
    same(evaluate("obv", period=None, zone="America/New_York"), expected, 1e-6)


def test_relative_volume_is_against_the_bars_before() -> None:
    means = [sum(VOLUME[row - 20 : row]) / 20 for row in range(20, len(VOLUME))]
    expected = [volume / mean if mean else None for volume, mean in zip(VOLUME[20:], means, strict=True)]
    same(evaluate("relative_volume"), nothing(20) + expected)


def test_signed_volume_by_side_tick_and_bulk() -> None:
    rows = range(50, len(CLOSE))
    same(
        evaluate("signed_volume", period=3), nothing(2) + [sum(SIDE[row - 2 : row + 1]) for row in range(2, len(SIDE))]
    )
    same(evaluate("signed_volume", by="tick"), nothing(1) + [tick_rule(row) for row in range(1, len(CLOSE))])
    same(evaluate("signed_volume", by="bulk"), nothing(50) + [bulk(row, 50) for row in rows], 1e-6)
    ten = [bulk(row, 10) for row in range(10, len(CLOSE))]
    assert any(len(set(CHANGE[row - 9 : row + 1])) == 1 for row in range(10, len(CLOSE)))
    same(evaluate("signed_volume", by="bulk", deviation=10), nothing(10) + ten, 1e-6)


def test_bulk_splits_by_the_normal_distribution() -> None:
    bars = pl.DataFrame({"close": [10.0, 11.0, 9.0, 12.0], "volume": [0.0, 0.0, 0.0, 100.0]})
    # changes 1, −2, 3; their deviation is √(19/3); 3/√(19/3) = 1.19208, Φ of it 0.88338
    assert evaluate("signed_volume", bars, by="bulk", deviation=3)[3] == pytest.approx(76.68, abs=0.01)
    steady = pl.DataFrame({"close": [1.0, 2.0, 3.0, 4.0], "volume": [7.0] * 4})
    assert evaluate("signed_volume", steady, by="bulk", deviation=2) == [None, None, 7.0, 7.0]


def test_imbalance_and_vpin() -> None:
    shares, toxic = [], []
    for end in range(19, len(SIDE)):
        rows = range(end - 19, end + 1)
        shares.append(sum(SIDE[row] for row in rows) / sum(VOLUME[row] for row in rows))
        toxic.append(sum(abs(SIDE[row]) for row in rows) / sum(VOLUME[row] for row in rows))
    same(evaluate("imbalance"), nothing(19) + shares, 1e-12)
    same(evaluate("vpin", buckets=20, by="side"), nothing(19) + toxic)
    expected = []
    for end in range(99, len(CLOSE)):
        rows = range(end - 49, end + 1)
        expected.append(sum(abs(bulk(row, 50)) for row in rows) / sum(VOLUME[row] for row in rows))
    same(evaluate("vpin"), nothing(99) + expected)


def test_amihud_leaves_bars_without_trades_out() -> None:
    expected: Values = nothing(20)
    for end in range(20, len(CLOSE)):
        impacts = [abs(RETURN[row]) / (CLOSE[row] * VOLUME[row]) for row in range(end - 19, end + 1) if VOLUME[row]]
        expected.append(1e6 * sum(impacts) / len(impacts))
    same(evaluate("amihud"), expected)


def test_roll_spread_is_of_the_covariance_of_successive_returns() -> None:
    expected: Values = nothing(51)
    for end in range(51, len(CLOSE)):
        bounce = covariance(RETURN[end - 49 : end + 1], RETURN[end - 50 : end])
        expected.append(1e4 * 2 * sqrt(max(-bounce, 0.0)))
    same(evaluate("roll_spread"), expected, 1e-6)
    assert 0.0 in expected


def test_kyle_lambda_is_a_least_squares_slope() -> None:
    windows = [slice(end - 49, end + 1) for end in range(50, len(CLOSE))]
    same(evaluate("kyle_lambda"), nothing(50) + [linear_regression(SIDE[w], CHANGE[w]).slope for w in windows], 1e-15)


def test_quoted_spread_of_the_last_quote_and_of_all() -> None:
    bars = pl.DataFrame({"bid": [99.0, 10.0], "ask": [101.0, 9.0], "mean_spread": [1.0, 2.0], "close": [100.0, 0.0]})
    assert evaluate("quoted_spread", bars) == [200.0, pytest.approx(-1e4 / 9.5)]  # the second one is crossed
    assert evaluate("quoted_spread", bars, of="mean") == [100.0, None]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_short_bars_are_no_error(name: str, rows: int) -> None:
    assert len(evaluate(name, BARS.head(rows))) == rows


@pytest.mark.parametrize("name", NAMES)
def test_unknown_values_are_null_and_pass(name: str) -> None:
    holes = BARS.with_columns(pl.when(pl.int_range(pl.len()) != 300).then(pl.col(pl.Float64)).name.keep())
    found = evaluate(name, holes)
    assert found[300] is None or name == "amihud"
    assert found[450:] == pytest.approx(evaluate(name)[450:], rel=1e-9)


def test_where_nothing_trades_there_is_no_quotient_and_where_nothing_moves_no_spread() -> None:
    dead = BARS.head(200).with_columns(volume=pl.lit(0.0), signed_volume=pl.lit(0.0), close=pl.lit(5.0))
    for name in ("relative_volume", "imbalance", "vpin", "amihud", "kyle_lambda"):
        assert set(evaluate(name, dead)) == {None}
    for name in ("obv", "signed_volume"):
        assert set(evaluate(name, dead)[-100:]) == {0.0}
    assert set(evaluate("roll_spread", dead)[51:]) == {0.0}


def test_a_missing_statistic_is_named() -> None:
    with pytest.raises(BadParams, match="imbalance: bars have no column 'signed_volume'"):
        evaluate("imbalance", BARS.drop("signed_volume"))


@settings(max_examples=25)
@given(st.lists(st.tuples(st.floats(1, 1e3), st.floats(0, 1e6), st.floats(-1, 1)), min_size=12, max_size=60))
def test_shares_stay_within_their_bounds(rows: list[tuple[float, float, float]]) -> None:
    close, volume, side = (list(column) for column in zip(*rows, strict=True))
    bars = pl.DataFrame({"close": close, "volume": volume}).with_columns(
        signed_volume=pl.col("volume") * pl.Series(side)
    )
    for by in ("side", "tick", "bulk"):
        for value in evaluate("imbalance", bars, period=5, by=by, deviation=4):
            assert value is None or -1 - 1e-9 <= value <= 1 + 1e-9
        for value in evaluate("vpin", bars, buckets=5, by=by, deviation=4):
            assert value is None or 0 <= value <= 1 + 1e-9


@settings(max_examples=25)
@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_units(price: float, size: float) -> None:
    """Prices and sizes in other units scale each feature as its units say."""
    bars = BARS.head(200)
    other = bars.with_columns(pl.col("close", "bid", "ask") * price, pl.col("volume", "signed_volume") * size)
    scales = {"obv": size, "signed_volume": size, "amihud": 1 / (price * size), "kyle_lambda": price / size}
    for name in NAMES:
        expected = [None if value is None else value * scales.get(name, 1.0) for value in evaluate(name, bars)]
        tiny = 1e-5 * max(abs(value) for value in expected if value is not None)  # of roots and sums about zero
        same(evaluate(name, other), expected, tiny)
