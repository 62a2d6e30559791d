"""Features of price and range against plain loops and hand-made numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from statistics import fmean, pstdev
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from trading_ml.core.crafted import crafted
from trading_ml.core.errors import BadParams
from trading_ml.core.script import load

Values = list[float | None]
BARS = crafted(400)
OPEN, HIGH, LOW, CLOSE = (BARS[name].to_list() for name in ("open", "high", "low", "close"))


def evaluate(use: str, bars: pl.DataFrame = BARS, **params: object) -> pl.DataFrame:
    return load(use, "feature").bind(params).evaluate(bars)


def same(found: pl.DataFrame, expected: dict[str, Values], rtol: float = 1e-10) -> None:
    assert found.columns == list(expected)
    for name, values in expected.items():
        ours = found[name].to_list()
        assert [value is None for value in ours] == [value is None for value in values], name
        known = [(a, b) for a, b in zip(ours, values, strict=True) if a is not None]
        size = float(np.median(np.abs([b for _, b in known])))
        np.testing.assert_allclose(*zip(*known, strict=True), rtol=rtol, atol=rtol * size, err_msg=name)


def windows(values: list, period: int) -> Iterable[list | None]:
    """The last `period` values of each row, None where one is missing."""
    for end in range(1, len(values) + 1):
        window = values[max(0, end - period) : end]
        yield None if len(window) < period or None in window else window


def over(values: list, period: int, told: Callable[[list], float]) -> Values:
    return [window and told(window) for window in windows(values, period)]


def both(told: Callable[..., float], *columns: list) -> Values:
    return [None if None in row else told(*row) for row in zip(*columns, strict=True)]


def exponential(values: Values, period: int) -> Values:
    known = [value for value in values if value is not None]
    out: Values = [None] * (len(values) - len(known) + period - 1)
    out.append(sum(known[:period]) / period)
    for value in known[period:]:
        out.append(out[-1] + (value - out[-1]) * 2 / (period + 1))
    return out


def wilder(values: Values, period: int) -> Values:
    """Seeded with the first value."""
    out: Values = []
    for value in values:
        before = out[-1] if out else None
        out.append(value if before is None or value is None else before + (value - before) / period)
    return out


def true_ranges() -> list[float]:
    before = [HIGH[0], *CLOSE[:-1]]
    return [max(h, b) - min(lo, b) for h, lo, b in zip(HIGH, LOW, before, strict=True)]


def away(values: Values) -> Values:
    return both(lambda value, close: 100 * (value / close - 1), values, CLOSE)


@pytest.mark.parametrize("period", [1, 2, 20])
def test_ema_and_wma_are_weighted_means_of_the_closes(period: int) -> None:
    mean = exponential(CLOSE, period)
    same(evaluate("ema", period=period), {"ema": mean, "ema_pct": away(mean)})
    weights = range(1, period + 1)
    weighted = lambda w: sum(k * c for k, c in zip(weights, w, strict=True)) / sum(weights)
    mean = over(CLOSE, period, weighted)
    same(evaluate("wma", period=period), {"wma": mean, "wma_pct": away(mean)})


@pytest.mark.parametrize(("fast", "slow", "signal"), [(12, 26, 9), (1, 2, 1), (30, 5, 20)])
def test_macd_is_the_difference_of_two_averages(fast: int, slow: int, signal: int) -> None:
    line = both(lambda a, b: a - b, exponential(CLOSE, fast), exponential(CLOSE, slow))
    average = exponential(line, signal)
    lines = {"macd": line, "signal": average, "histogram": both(lambda a, b: a - b, line, average)}
    shares = {f"{name}_pct": both(lambda v, c: 100 * v / c, values, CLOSE) for name, values in lines.items()}
    same(evaluate("macd", fast=fast, slow=slow, signal=signal), lines | shares)


@pytest.mark.parametrize(("period", "width"), [(20, 2.0), (2, 0.5), (5, 3.0)])
def test_bollinger_bands_are_deviations_around_the_mean(period: int, width: float) -> None:
    middle, reach = over(CLOSE, period, fmean), over(CLOSE, period, lambda w: width * pstdev(w))
    lower, upper = both(lambda m, r: m - r, middle, reach), both(lambda m, r: m + r, middle, reach)
    at = lambda c, m, r: 0.5 + (c - m) / (2 * r) if r else 0.5
    same(
        evaluate("bollinger", period=period, width=width),
        {"lower": lower, "middle": middle, "upper": upper, "width_pct": both(lambda m, r: 200 * r / m, middle, reach),
         "position": both(at, CLOSE, middle, reach)}, rtol=1e-7,
    )  # fmt: skip


def test_bollinger_bands_keep_their_digits_at_a_high_price() -> None:
    closes = (1e7 + np.random.default_rng(0).normal(size=500)).tolist()
    found = evaluate("bollinger", pl.DataFrame({"close": closes}), period=10)
    expected = over(closes, 10, lambda w: 400 * pstdev(w) / fmean(w))
    np.testing.assert_allclose(found["width_pct"][9:], expected[9:], rtol=1e-8)


@pytest.mark.parametrize(("period", "atr_period", "width"), [(20, 10, 2.0), (1, 1, 1.0), (3, 30, 0.5)])
def test_keltner_bands_are_true_ranges_around_the_average(period: int, atr_period: int, width: float) -> None:
    ranges = true_ranges()
    middle, reach = exponential(CLOSE, period), [width * (value or 0.0) for value in wilder(ranges, atr_period)]
    moving = over(ranges, max(period, atr_period), max)
    at = lambda c, m, r, moved: 0.5 if moved == 0 else 0.5 + (c - m) / (2 * r) if r else None
    known = [1.0 if value is None else value for value in moving]
    expected = {
        "lower": both(lambda m, r: m - r, middle, reach), "middle": middle,
        "upper": both(lambda m, r: m + r, middle, reach), "width_pct": both(lambda m, r: 200 * r / m, middle, reach),
        "position": both(at, CLOSE, middle, reach, known),
    }  # fmt: skip
    same(evaluate("keltner", period=period, atr_period=atr_period, width=width), expected)
    assert 0.5 in expected["position"]


@pytest.mark.parametrize("period", [2, 5, 14])
def test_rsi_is_the_share_of_rises_and_50_at_rest(period: int) -> None:
    moves = [b - a for a, b in pairwise(CLOSE)]
    up, down = sum(max(m, 0) for m in moves[:period]) / period, sum(max(-m, 0) for m in moves[:period]) / period
    expected: Values = [None] * period
    for t in range(period, len(CLOSE)):
        if t > period:
            up, down = (x + (max(s * moves[t - 1], 0) - x) / period for x, s in ((up, 1), (down, -1)))
        expected.append(100 * up / (up + down) if any(moves[t - period : t]) else 50.0)
    assert 50.0 in expected
    same(evaluate("rsi", period=period), {"rsi": expected})


@pytest.mark.parametrize(("period", "smooth", "signal"), [(14, 3, 3), (1, 1, 1), (5, 1, 4)])
def test_stochastic_is_the_place_in_the_range_and_50_without_one(period: int, smooth: int, signal: int) -> None:
    lowest, highest = over(LOW, period, min), over(HIGH, period, max)
    raw = both(lambda c, lo, hi: 100 * (c - lo) / (hi - lo) if hi > lo else 50.0, CLOSE, lowest, highest)
    k = over(raw, smooth, fmean)
    assert 50.0 in raw
    same(evaluate("stochastic", period=period, smooth=smooth, signal=signal), {"k": k, "d": over(k, signal, fmean)})


@pytest.mark.parametrize("period", [2, 20])
def test_cci_is_the_distance_in_mean_deviations(period: int) -> None:
    typical = [sum(row) / 3 for row in zip(HIGH, LOW, CLOSE, strict=True)]

    def told(window: list[float]) -> float:
        if min(window) == max(window):
            return 0.0
        mean = fmean(window)
        return (window[-1] - mean) / (0.015 * fmean(abs(p - mean) for p in window))

    same(evaluate("cci", period=period), {"cci": over(typical, period, told)}, rtol=1e-8)


def directional(period: int) -> dict[str, Values]:
    """Wilder's directional indicators: moves and ranges summed as he did, at rest zero."""
    moves = [(0.0, 0.0)]
    for t in range(1, len(HIGH)):
        up, down = HIGH[t] - HIGH[t - 1], LOW[t - 1] - LOW[t]
        moves.append((up if up > max(down, 0) else 0.0, down if down > max(up, 0) else 0.0))
    rows = [(*move, reach) for move, reach in zip(moves, true_ranges(), strict=True)]
    sums = [sum(column) for column in zip(*rows[1:period], strict=True)]
    found: dict[str, Values] = {"adx": [None] * period, "plus_di": [None] * period, "minus_di": [None] * period}
    for t in range(period, len(rows)):
        sums = [total - total / period + value for total, value in zip(sums, rows[t], strict=True)]
        recent = rows[t - period + 1 : t + 1]
        at_rest, moved = not any(reach for *_, reach in recent), any(up or down for up, down, _ in recent)
        plus, minus, total = sums
        dx = 100 * abs(plus - minus) / (plus + minus) if moved and plus + minus else 0.0
        before = found["adx"][-1]
        found["adx"].append(dx if before is None else before + (dx - before) / period)
        found["plus_di"].append(0.0 if at_rest else 100 * plus / total)
        found["minus_di"].append(0.0 if at_rest else 100 * minus / total)
    return found


@pytest.mark.parametrize("period", [2, 5, 14])
def test_adx_is_the_mean_one_sidedness_of_moves(period: int) -> None:
    same(evaluate("adx", period=period), directional(period))


@pytest.mark.parametrize("period", [1, 3, 60])
def test_vwap_deviation_weighs_prices_by_volume(period: int) -> None:
    rows = list(zip(BARS["vwap"], BARS["volume"], strict=True))
    mean = lambda w: sum(p * v for p, v in w) / total if (total := sum(v for _, v in w)) else None
    vwap = [window and mean(window) for window in windows(rows, period)]
    same(
        evaluate("vwap_deviation", period=period),
        {"vwap": vwap, "deviation_pct": both(lambda v, c: 100 * (c / v - 1), vwap, CLOSE)}, rtol=1e-9,
    )  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_vwap_may_begin_with_the_day(zone: str) -> None:
    day, paid, traded, vwap = None, 0.0, 0.0, []
    for row in BARS.iter_rows(named=True):
        today = row["ts_open"].astimezone(ZoneInfo(zone)).date()
        if today != day:
            day, paid, traded = today, 0.0, 0.0
        paid, traded = paid + row["vwap"] * row["volume"], traded + row["volume"]
        vwap.append(paid / traded if traded else None)
    found = evaluate("vwap_deviation", anchor="day", zone=zone)
    same(found.select("vwap"), {"vwap": vwap})


def test_vwap_of_an_unknown_zone_is_refused() -> None:
    with pytest.raises(BadParams, match=r"vwap_deviation: .*Mars/Olympus"):
        evaluate("vwap_deviation", anchor="day", zone="Mars/Olympus")


def test_candle_by_hand() -> None:
    bars = pl.DataFrame(
        {"open": [10.0, 4.0, 7.0], "high": [12.0, 4.0, 7.0], "low": [2.0, 1.0, 7.0], "close": [5.0, 4.0, 7.0]}
    )
    assert evaluate("candle", bars).rows() == [
        (-0.5, 0.2, 0.3, 0.3, 200.0),
        (0.0, 0.0, 1.0, 1.0, 75.0),
        (0, 0, 0, 0.5, 0),
    ]


@pytest.mark.parametrize("length", [1, 4])
def test_relative_to_last_measures_earlier_bars_from_this_close(length: int) -> None:
    found = evaluate("relative_to_last", length=length)
    assert found.width == 4 * length - 1
    for name in found.columns:
        price, back = name.split("_")
        column = BARS[price].to_list()
        expected = [None] * int(back) + [p / c - 1 for p, c in zip(column, CLOSE[int(back) :], strict=False)]
        same(found.select(name), {name: expected})
