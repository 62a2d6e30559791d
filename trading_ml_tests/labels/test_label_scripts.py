"""Values of the built-in labels against plain Python loops and hand-made numbers."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest

from trading_ml.core.crafted import crafted
from trading_ml.core.script import load
from trading_ml.labels.proof import prove

BARS = crafted(600)
ROWS = BARS.to_dicts()


def evaluate(use: str, bars: pl.DataFrame = BARS, **params: object) -> dict[str, list]:
    return load(use, "label").bind(params).evaluate(bars).to_dict(as_series=False)


def ends(horizon: int) -> list:
    return [row["ts_close"] for row in ROWS[horizon:]] + [None] * horizon


@pytest.mark.parametrize("horizon", [1, 5])
def test_direction_looks_horizon_bars_ahead(horizon: int) -> None:
    expected: list[bool | None] = []
    for now, later in zip(ROWS, ROWS[horizon:], strict=False):
        expected.append(None if later["close"] == now["close"] else later["close"] > now["close"])
    found = evaluate("direction", horizon=horizon)
    assert found["up"] == expected + [None] * horizon
    assert found["label_end"] == ends(horizon)
    assert None in expected  # the crafted series has ties


def test_small_changes_may_be_flat_and_a_tie_is() -> None:
    expected = []
    for now, later in zip(ROWS, ROWS[5:], strict=False):
        change = 100 * (later["close"] - now["close"]) / now["close"]
        expected.append("flat" if abs(change) <= 0.05 else "up" if change > 0 else "down")
    found = evaluate("direction", horizon=5, flat_pct=0.05)
    assert found["up"] == expected + [None] * 5
    assert min(expected.count(side) for side in ("down", "flat", "up")) > 30
    assert set(evaluate("direction", horizon=1, flat_pct=0)["up"]) == {"down", "flat", "up", None}
    assert prove(load("direction", "label").bind({"horizon": 5, "flat_pct": 0.05})).passed


def true_ranges() -> list[float]:
    ranges = [ROWS[0]["high"] - ROWS[0]["low"]]
    for before, bar in pairwise(ROWS):
        up, down = abs(bar["high"] - before["close"]), abs(bar["low"] - before["close"])
        ranges.append(max(bar["high"] - bar["low"], up, down))
    return ranges


@pytest.mark.parametrize(("period", "horizon"), [(14, 5), (3, 1)])
def test_atr_rises_compares_atr_with_atr_after_the_horizon(period: int, horizon: int) -> None:
    ranges = true_ranges()
    averages = ranges[:1]
    for true_range in ranges[1:]:
        averages.append(averages[-1] + (true_range - averages[-1]) / period)
    found = evaluate("atr_rises", period=period, horizon=horizon)
    for row, (now, later) in enumerate(zip(averages, averages[horizon:], strict=False)):
        if abs(later - now) > 1e-12 * now:
            assert found["rises"][row] == (later > now)
    assert found["rises"][-horizon:] == [None] * horizon
    assert found["label_end"] == ends(horizon)


def test_a_tie_of_volatility_is_no_answer() -> None:
    still = BARS.head(20).with_columns(high=pl.lit(2.0), low=pl.lit(1.0), close=pl.lit(1.5))
    assert evaluate("atr_rises", still)["rises"] == [None] * 20


def test_classes_are_named_false_before_true() -> None:
    assert load("direction", "label").classes == ("down", "up")
    assert load("atr_rises", "label").classes == ("falls", "rises")
