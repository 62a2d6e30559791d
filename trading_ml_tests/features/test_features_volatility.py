"""Volatilities against plain loops, by hand, against each other, and what always holds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import exp, log, sqrt
from statistics import fmean, stdev, variance

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.core.crafted import crafted
from trading_ml.core.errors import BadParams
from trading_ml.core.script import load

BARS = crafted(400)
ROWS = list(BARS.select("open", "high", "low", "close").iter_rows())
USES = ("close_to_close", "parkinson", "garman_klass", "rogers_satchell", "yang_zhang")


def evaluate(use: str, bars: pl.DataFrame = BARS, **params: object) -> list[float | None]:
    return load(use, "feature").bind(params).evaluate(bars)[use].to_list()


def parkinson(window: list) -> float:
    return sqrt(fmean(log(h / lo) ** 2 for _, h, lo, _ in window) / (4 * log(2)))


def garman_klass(window: list) -> float:
    return sqrt(fmean(log(h / lo) ** 2 / 2 - (2 * log(2) - 1) * log(c / o) ** 2 for o, h, lo, c in window))


def satchell(window: list) -> float:
    return fmean(log(h / c) * log(h / o) + log(lo / c) * log(lo / o) for o, h, lo, c in window)


def yang_zhang(window: list, before: float) -> float:
    n = len(window)
    closes = [before] + [c for *_, c in window]
    steps = variance([log(row[0] / close) for row, close in zip(window, closes, strict=False)])
    bodies = variance([log(c / o) for o, _, _, c in window])
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    return sqrt(steps + k * bodies + (1 - k) * satchell(window))


def close_to_close(window: list, before: float) -> float:
    closes = [before] + [c for *_, c in window]
    return stdev(log(b / a) for a, b in pairwise(closes))


ALONE: dict[str, Callable[[list], float]] = {
    "parkinson": parkinson,
    "garman_klass": garman_klass,
    "rogers_satchell": lambda window: sqrt(max(satchell(window), 0)),
}
AFTER: dict[str, Callable[[list, float], float]] = {"close_to_close": close_to_close, "yang_zhang": yang_zhang}


@pytest.mark.parametrize("period", [1, 2, 20])
@pytest.mark.parametrize("use", ALONE)
def test_mean_variances_of_bars(use: str, period: int) -> None:
    expected = [ALONE[use](ROWS[t - period + 1 : t + 1]) for t in range(period - 1, len(ROWS))]
    found = evaluate(use, period=period)
    assert found[: period - 1] == [None] * (period - 1)
    np.testing.assert_allclose([v or 0.0 for v in found[period - 1 :]], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("period", [2, 20])
@pytest.mark.parametrize("use", AFTER)
def test_variances_that_know_the_close_before(use: str, period: int) -> None:
    expected = [AFTER[use](ROWS[t - period + 1 : t + 1], ROWS[t - period][3]) for t in range(period, len(ROWS))]
    found = evaluate(use, period=period)
    assert found[:period] == [None] * period
    np.testing.assert_allclose([v or 0.0 for v in found[period:]], expected, rtol=1e-9, atol=1e-12)


def test_by_hand() -> None:
    bar = pl.DataFrame({"open": [1.0], "high": [exp(0.3)], "low": [exp(-0.1)], "close": [exp(0.1)]})
    assert evaluate("parkinson", bar, period=1) == [pytest.approx(0.4 / sqrt(4 * log(2)))]
    assert evaluate("garman_klass", bar, period=1) == [pytest.approx(sqrt(0.08 - (2 * log(2) - 1) * 0.01))]
    assert evaluate("rogers_satchell", bar, period=1) == [pytest.approx(sqrt(0.2 * 0.3 + 0.2 * 0.1))]


def test_deviation_agrees_with_talib() -> None:
    import talib

    returns = np.diff(np.log(BARS["close"].to_numpy()))
    theirs = talib.STDDEV(returns, 20, 1.0) * sqrt(20 / 19)
    ours = np.array(evaluate("close_to_close", period=20)[1:], dtype=float)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def walk(bars: int, drift: float = 0.0, step: float = 0.0) -> pl.DataFrame:
    """Bars of 400 small steps each, of volatility 1 %, with a drift within and jumps between bars."""
    random = np.random.default_rng(3)
    path = np.cumsum(random.normal(drift / 400, 0.01 / 20, (bars, 400)), axis=1)
    opens = np.concatenate(([0.0], np.cumsum(path[:-1, -1]))) + np.cumsum(random.normal(0, 1, bars)) * step
    path = np.exp(opens[:, None] + np.concatenate((np.zeros((bars, 1)), path), axis=1))
    return pl.DataFrame({"open": path[:, 0], "high": path.max(1), "low": path.min(1), "close": path[:, -1]})


@pytest.mark.parametrize("use", USES)
def test_they_find_the_volatility_that_was_simulated(use: str) -> None:
    """Within 6 %: that highs and lows are seen 400 times a bar only costs range estimators some 3 to 5 %."""
    assert evaluate(use, walk(3000), period=3000 - 1)[-1] == pytest.approx(0.01, rel=0.06)


def test_what_a_drift_and_steps_disturb() -> None:
    drifting = {use: evaluate(use, walk(2000, drift=0.02), period=1999)[-1] or 0.0 for use in USES}
    assert min(drifting["parkinson"], drifting["garman_klass"]) > 0.0115
    assert drifting["rogers_satchell"] == pytest.approx(0.01, rel=0.08)
    stepping = {use: evaluate(use, walk(2000, step=0.01), period=1999)[-1] or 0.0 for use in USES}
    assert stepping["yang_zhang"] == pytest.approx(sqrt(2) * 0.01, rel=0.06)
    assert max(stepping["parkinson"], stepping["garman_klass"], stepping["rogers_satchell"]) < 0.0105


@pytest.mark.parametrize("use", USES)
def test_a_flat_stretch_after_a_wild_one_has_none_at_all(use: str) -> None:
    wild = crafted(300)
    still = pl.DataFrame(dict.fromkeys(("open", "high", "low", "close"), [0.1] * 60))
    bars = pl.concat([wild.select(still.columns), still])
    assert evaluate(use, bars, period=20)[-30:] == [0.0] * 30


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("price", [0.0, -37.0])
def test_a_price_without_a_logarithm_costs_its_window_only(use: str, price: float) -> None:
    spoilt = BARS.with_columns(
        pl.when(pl.int_range(pl.len()) == 200).then(price).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close")
    )
    found, clean = evaluate(use, spoilt, period=10), evaluate(use, period=10)
    assert all(value is None or np.isfinite(value) for value in found)
    assert found[:200] == clean[:200]
    assert None not in found[212:]
    np.testing.assert_allclose(np.array(found[212:], float), np.array(clean[212:], float), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("use", ["close_to_close", "yang_zhang"])
def test_a_sample_of_one_has_no_variance(use: str) -> None:
    with pytest.raises(BadParams, match="period"):
        evaluate(use, period=1)


PRICE = st.one_of(st.sampled_from([1.0, 1.5, 2.0]), st.floats(0.5, 500))


@settings(max_examples=50)
@given(
    rows=st.lists(st.tuples(PRICE, PRICE, PRICE, PRICE), min_size=1, max_size=60),
    period=st.integers(2, 12), power=st.integers(-40, 40),
)  # fmt: skip
def test_never_negative_and_the_price_level_is_no_matter(
    rows: list[tuple[float, ...]], period: int, power: int
) -> None:
    ordered = [(row[0], max(row), min(row), row[3]) for row in rows]
    bars = pl.DataFrame(ordered, schema=["open", "high", "low", "close"], orient="row")
    for use in USES:
        found = evaluate(use, bars, period=period)
        assert all(value is None or 0.0 <= value < 20 for value in found), use
        assert evaluate(use, bars.with_columns(pl.all() * 2.0**power), period=period) == found, use
