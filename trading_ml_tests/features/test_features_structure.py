"""Features of structure against plain loops, NumPy and pandas, and what must hold for any prices."""

from __future__ import annotations

from itertools import pairwise
from math import exp, gamma, log
from statistics import correlation, mean, stdev

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.core.crafted import crafted
from trading_ml.core.script import load
from trading_ml.features import moving

Values = list[float | None]
BARS = crafted(600)
CLOSE, HIGH, LOW = (BARS[name].to_list() for name in ("close", "high", "low"))
RETURN = [log(now / before) for before, now in pairwise(CLOSE)]
NAMES = ("autocorrelation", "drawdown", "fractional_difference", "kurtosis", "rank", "skew", "time_since", "zscore")


def evaluate(use: str, bars: pl.DataFrame = BARS, **params: object) -> Values:
    return load(use, "feature").bind(params).evaluate(bars).to_series().to_list()


def closes(*values: float | None) -> pl.DataFrame:
    return pl.DataFrame({"close": values, "high": values, "low": values}, schema_overrides={"close": pl.Float64})


def same(ours: Values, theirs: Values, rtol: float = 1e-9, atol: float = 1e-12) -> None:
    theirs = [None] * (len(ours) - len(theirs)) + theirs
    assert [value is None for value in ours] == [value is None for value in theirs]
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]
    assert pairs
    np.testing.assert_allclose([a for a, _ in pairs], [b for _, b in pairs], rtol=rtol, atol=atol)


def windows(values: list[float], period: int) -> list[list[float]]:
    return [values[end - period : end] for end in range(period, len(values) + 1)]


@pytest.mark.parametrize("column", ["close", "volume"])
def test_zscore(column: str) -> None:
    expected = [(w[-1] - mean(w)) / stdev(w) if len(set(w)) > 1 else None for w in windows(BARS[column].to_list(), 20)]
    assert column == "volume" or None in expected
    same(evaluate("zscore", column=column), expected)


def test_rank_is_the_share_of_others_below() -> None:
    def share(window: list[float]) -> float:
        below = sum((other < window[-1]) + (other == window[-1]) / 2 for other in window[:-1])
        return below / (len(window) - 1)

    found = evaluate("rank", period=10)
    same(found, [share(w) for w in windows(CLOSE, 10)])
    assert {0.0, 0.5, 1.0} < set(found)


def test_skew_and_kurtosis_equal_pandas_where_pandas_is_exact() -> None:
    calm = pl.DataFrame({"close": 100 * np.exp(np.cumsum(np.random.default_rng(5).normal(size=400) * 0.01))})
    returns = pd.Series(np.diff(np.log(calm["close"].to_numpy())))
    same(evaluate("skew", calm, period=30), returns.rolling(30).skew().dropna().to_list(), 1e-7)
    same(evaluate("kurtosis", calm, period=30), returns.rolling(30).kurt().dropna().to_list(), 1e-7)


def test_skew_and_kurtosis_by_their_moments() -> None:
    def moments(window: list[float]) -> tuple[float, float]:
        n, centre = len(window), sum(window) / len(window)
        apart = [value - centre for value in window]
        m2, m3, m4 = (sum(a**k for a in apart) / n for k in (2, 3, 4))
        skewness = (n * (n - 1)) ** 0.5 / (n - 2) * m3 / m2**1.5
        return skewness, (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (m4 / m2**2 - 3) + 6)

    expected = [moments(w) for w in windows(RETURN, 60)]
    same(evaluate("skew"), [skewness for skewness, _ in expected], 1e-7)
    same(evaluate("kurtosis"), [kurtosis for _, kurtosis in expected], 1e-7)


@pytest.mark.parametrize("lag", [1, 5])
def test_autocorrelation(lag: int) -> None:
    pairs = zip(windows(RETURN[lag:], 60), windows(RETURN[:-lag], 60), strict=True)
    same(evaluate("autocorrelation", lag=lag), [correlation(now, before) for now, before in pairs])


@pytest.mark.parametrize("order", [0.4, 0.9])
def test_fractional_difference_is_a_sum_with_binomial_weights(order: float) -> None:
    def weight(k: int) -> float:  # (−1)^k · binomial(order, k), which is negative from k = 1 on
        return 1.0 if k == 0 else -exp(sum(log(abs(j - order) / (j + 1)) for j in range(k)))

    assert weight(3) == pytest.approx(-gamma(order + 1) / (gamma(4) * gamma(order - 2)))
    width = next(k for k in range(1000) if abs(weight(k)) < 1e-4)
    weights = [weight(k) for k in range(width)]
    levels = [log(close) for close in CLOSE]
    expected = [sum(w * x for w, x in zip(weights, reversed(window), strict=True)) for window in windows(levels, width)]
    same(evaluate("fractional_difference", order=order), expected)


def test_fractional_difference_of_order_one_is_the_return() -> None:
    same(evaluate("fractional_difference", order=1.0), list(RETURN))


def test_drawdown() -> None:
    expected = [close / max(w) - 1 for close, w in zip(CLOSE[99:], windows(HIGH, 100), strict=True)]
    same(evaluate("drawdown"), expected)


def since(happened: list[bool], period: int) -> Values:
    """Bars since the last event, by looking back from each bar."""
    found: Values = []
    for row in range(len(happened)):
        back = next((ago for ago in range(min(period, row + 1)) if happened[row - ago]), None)
        found.append(back if back is not None else float(period) if row + 1 >= period else None)
    return found


@pytest.mark.parametrize("period", [2, 10])
def test_time_since_a_new_high_or_low(period: int) -> None:
    highs = [HIGH[row] > max(HIGH[row - period : row]) for row in range(period, len(HIGH))]
    lows = [LOW[row] < min(LOW[row - period : row]) for row in range(period, len(LOW))]
    same(evaluate("time_since", period=period), since(highs, period))
    same(evaluate("time_since", event="low", period=period), since(lows, period))


def test_time_since_a_jump() -> None:
    jumps = [abs(RETURN[row]) > 3 * stdev(RETURN[row - 20 : row]) for row in range(20, len(RETURN))]
    assert any(jumps)
    same(evaluate("time_since", event="jump", period=20, sigma=3), since(jumps, 20))


def test_flat_windows() -> None:
    flat = closes(*[7.0] * 130)
    for name in ("zscore", "skew", "kurtosis", "autocorrelation"):
        assert set(evaluate(name, flat)) == {None}
    assert set(evaluate("rank", flat)[19:]) == {0.5}
    assert set(evaluate("drawdown", flat)[99:]) == {0.0}
    assert set(evaluate("time_since", flat)[99:]) == {50.0}
    assert set(evaluate("time_since", flat, event="jump")[100:]) == {50.0}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_short_bars_are_no_error(name: str, rows: int) -> None:
    assert evaluate(name, BARS.head(rows)) == [None] * rows


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_price_costs_its_windows_only(name: str) -> None:
    holes = BARS.with_columns(pl.when(pl.int_range(pl.len()) != 200).then(pl.col("close", "high", "low")))
    found = evaluate(name, holes)
    assert found[200] is None
    assert found[500:] == pytest.approx(evaluate(name)[500:], rel=1e-9)


@settings(max_examples=25)
@given(st.lists(st.floats(1, 1e3), min_size=8, max_size=40), st.floats(0.5, 2))
def test_neither_unit_nor_what_came_before_matters(prices: list[float], unit: float) -> None:
    bounds = {"rank": (0, 1), "autocorrelation": (-1, 1), "drawdown": (-1, 0), "zscore": (-1.5, 1.5)}
    for name, (low, high) in bounds.items():
        found = evaluate(name, closes(*prices), period=4)
        assert all(value is None or low <= value <= high for value in found)
        after = evaluate(name, closes(5e5, 3.0, *prices), period=4)[-1]
        assert (after or 0.0) == pytest.approx(found[-1] or 0.0, rel=1e-6, abs=1e-6)
        scaled = evaluate(name, closes(*(price * unit for price in prices)), period=4)[-1]
        spread = np.ptp(prices[-4:])
        if spread > 1e-3 or spread == 0:
            assert (scaled or 0.0) == pytest.approx(found[-1] or 0.0, rel=1e-6, abs=1e-6)


@settings(max_examples=25)
@given(st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=1, max_size=30), st.integers(1, 6))
def test_windows_with_ties_and_holes(values: list[int | None], period: int) -> None:
    frame = pl.DataFrame({"v": values}, schema={"v": pl.Float64})
    found = frame.select(
        rank=moving.ranked(pl.col("v"), period),
        place=moving.highest(pl.col("v"), period),
        total=moving.total(pl.col("v"), period),
    ).to_dict(as_series=False)
    for end in range(len(values)):
        window = values[max(end - period + 1, 0) : end + 1]
        known = [value for value in window if value is not None]
        full = len(known) == period
        now = window[-1] if full else 0
        ranks = [place + 1 for place, value in enumerate(sorted(known)) if value == now]
        assert found["rank"][end] == (mean(ranks) if full else None)
        assert found["place"][end] == (known.index(max(known)) + 1 if full else None)
        assert found["total"][end] == (sum(known) if full else None)


def test_pairs_without_a_half_are_left_out_or_cost_the_window() -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0, None, 4.0, 6.0], "y": [3.0, float("inf"), 1.0, 5.0, 4.0]})
    strict = moving.correlation(pl.col("x"), pl.col("y"), 2)
    loose = moving.correlation(pl.col("x"), pl.col("y"), 5, complete=False)
    found = frame.select(strict=strict, loose=loose)
    assert found["strict"].to_list() == [None, None, None, None, pytest.approx(-1.0)]
    assert found["loose"].to_list()[:4] == [None] * 4
    assert found["loose"][4] == pytest.approx(correlation([1, 4, 6], [3, 5, 4]))
