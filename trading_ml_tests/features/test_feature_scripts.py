"""Values of the built-in features against plain Python loops, hand-made numbers and TA-Lib."""

from __future__ import annotations

from datetime import datetime
from math import cos, log, pi, sin, sqrt
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from trading_ml.core.crafted import crafted
from trading_ml.core.errors import BadParams
from trading_ml.core.script import load

BARS = crafted(400)
ROWS = BARS.to_dicts()


def evaluate(use: str, bars: pl.DataFrame = BARS, **params: object) -> dict[str, list[float | None]]:
    return load(use, "feature").bind(params).evaluate(bars).to_dict(as_series=False)


def same(ours: list[float | None], theirs: list[float | None]) -> None:
    assert [value is None for value in ours] == [value is None for value in theirs]
    np.testing.assert_allclose([v for v in ours if v is not None], [v for v in theirs if v is not None], rtol=1e-12)


def test_ohlcv_is_the_bar() -> None:
    found = evaluate("ohlcv")
    for name in ("open", "high", "low", "close", "volume"):
        assert found[name] == [row[name] for row in ROWS]


@pytest.mark.parametrize("period", [1, 2, 20])
def test_sma_is_the_mean_of_the_last_closes(period: int) -> None:
    closes = [row["close"] for row in ROWS]
    means: list[float | None] = [None] * (period - 1)
    means += [sum(closes[t - period + 1 : t + 1]) / period for t in range(period - 1, len(closes))]
    found = evaluate("sma", period=period)
    same(found["sma"], means)
    away = [None if mean is None else mean - close for mean, close in zip(means, closes, strict=True)]
    np.testing.assert_allclose([v or 0.0 for v in found["sma_rel"]], [v or 0.0 for v in away], atol=1e-11)


def wilder(bars: list[dict[str, float]], period: int) -> list[float | None]:
    average, values = 0.0, []
    for number, bar in enumerate(bars):
        true_range = bar["high"] - bar["low"]
        if number:
            previous = bars[number - 1]["close"]
            true_range = max(true_range, abs(bar["high"] - previous), abs(bar["low"] - previous))
        average = true_range if number == 0 else average + (true_range - average) / period
        values.append(average)
    return values


@pytest.mark.parametrize("period", [1, 3, 14])
def test_atr_is_wilders_running_mean_of_the_true_range(period: int) -> None:
    same(evaluate("atr", period=period)["atr"], wilder(ROWS, period))


def test_atr_by_hand() -> None:
    bars = pl.DataFrame({"high": [10.0, 14.0, 9.0], "low": [8.0, 12.0, 7.0], "close": [9.0, 13.0, 8.0]})
    # true ranges: 10 − 8 = 2; gap up: 14 − 9 = 5; gap down: 13 − 7 = 6; each counts half
    assert evaluate("atr", bars, period=2)["atr"] == [2.0, 3.5, 4.75]


def test_atr_equals_talib_once_both_have_forgotten_their_seed() -> None:
    import talib

    bars = crafted(1500)
    high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
    theirs = talib.ATR(high, low, close, timeperiod=14)
    ours = load("atr", "feature").bind({}).evaluate(bars)["atr"].to_numpy()
    np.testing.assert_allclose(ours[600:], theirs[600:], rtol=1e-10)


@pytest.mark.parametrize("lag", [1, 7])
def test_log_return(lag: int) -> None:
    closes = [row["close"] for row in ROWS]
    expected = [None if t < lag else log(closes[t]) - log(closes[t - lag]) for t in range(len(closes))]
    found = evaluate("log_return", lag=lag)["log_return"]
    np.testing.assert_allclose([v or 0.0 for v in found], [v or 0.0 for v in expected], atol=1e-14)
    assert found[:lag] == [None] * lag


@pytest.mark.parametrize("period", [1, 20])
def test_realized_volatility(period: int) -> None:
    closes = [row["close"] for row in ROWS]
    returns = [log(closes[t] / closes[t - 1]) for t in range(1, len(closes))]
    expected: list[float | None] = [None] * period
    expected += [sqrt(sum(r * r for r in returns[t - period : t])) for t in range(period, len(returns) + 1)]
    found = evaluate("realized_volatility", period=period)["realized_volatility"]
    assert found[:period] == [None] * period
    np.testing.assert_allclose([v or 0.0 for v in found], [v or 0.0 for v in expected], atol=1e-12)


def test_realized_volatility_of_a_flat_price_is_zero() -> None:
    flat = pl.DataFrame({"close": [3.0, 9.0] + [0.1] * 40})
    found = evaluate("realized_volatility", flat, period=5)["realized_volatility"]
    assert all(value is not None and 0.0 <= value < 1e-7 for value in found[8:])


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_time_of_day_is_the_clock_on_the_wall(zone: str) -> None:
    bars = crafted(1500)
    found = evaluate("time_of_day", bars, zone=zone)
    for row, close in enumerate(bars["ts_close"].to_list()):
        local = close.astimezone(ZoneInfo(zone))
        angle = 2 * pi * (local.hour * 3600 + local.minute * 60 + local.second) / 86_400
        assert found["sin"][row] == pytest.approx(sin(angle), abs=1e-12)
        assert found["cos"][row] == pytest.approx(cos(angle), abs=1e-12)


def test_time_of_day_knows_summer_time() -> None:
    noons = [datetime(2024, month, 5, 12, tzinfo=ZoneInfo("America/New_York")) for month in (1, 7)]
    bars = pl.DataFrame({"ts_close": noons}).with_columns(pl.col("ts_close").dt.convert_time_zone("UTC"))
    bars = bars.with_columns(pl.col("ts_close").dt.cast_time_unit("ns"))
    assert evaluate("time_of_day", bars, zone="America/New_York")["cos"] == [-1.0, -1.0]


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(BadParams, match=r"time_of_day: .*Mars/Olympus"):
        evaluate("time_of_day", zone="Mars/Olympus")
