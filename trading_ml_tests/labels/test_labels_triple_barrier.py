"""Triple barriers against a plain scan, on a hundred thousand rows of random bars, by every unit of width."""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np
import polars as pl
import pytest

from trading_ml.core.script import load
from trading_ml.core.time import NS

SERIES, ROWS, PERIOD = 200, 500, 10


def evaluate(bars: pl.DataFrame, **params: object) -> pl.DataFrame:
    return load("triple_barrier", "label").bind(params).evaluate(bars)


def random_bars(seed: int, rows: int = ROWS) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.004, rows)))
    span = random.exponential(0.4, (2, rows))
    stamps = pl.Series(np.arange(1, rows + 1) * 60_000_000_000).cast(NS)
    side = random.choice([-2.0, 0.0, 1.0], rows)
    return pl.DataFrame(
        {"ts_close": stamps, "high": close + span[0], "low": close - span[1], "close": close, "signal": side}
    )


def units(bars: pl.DataFrame, width: str) -> list[float | None]:
    """Volatility of the last closes as a price, or a percent, or one."""
    close = bars["close"].to_list()
    if width != "volatility":
        return [price / 100 if width == "pct" else 1.0 for price in close]
    found: list[float | None] = [None] * PERIOD
    for t in range(PERIOD, len(close)):
        returns = [log(close[k] / close[k - 1]) for k in range(t - PERIOD + 1, t + 1)]
        mean = sum(returns) / PERIOD
        found.append(close[t] * sqrt(sum((r - mean) ** 2 for r in returns) / (PERIOD - 1)))
    return found


def scanned(bars: pl.DataFrame, side: str, params: dict[str, Any]) -> list[tuple[str, int] | None]:
    high, low, close, signal = (bars[name].to_list() for name in ("high", "low", "close", "signal"))
    found: list[tuple[str, int] | None] = []
    for t, unit in enumerate(units(bars, params["width"])):
        way = {"long": 1.0, "short": -1.0}.get(side, signal[t])
        answer = None
        if unit is not None and way != 0:
            gain, loss = params["profit"] * unit, params["stop"] * unit
            above, below = close[t] + (gain if way > 0 else loss), close[t] - (loss if way > 0 else gain)
            for k in range(t + 1, min(t + params["horizon"], len(close) - 1) + 1):
                if high[k] >= above or low[k] <= below:
                    won, lost = (high[k] >= above, low[k] <= below)[:: 1 if way > 0 else -1]
                    answer = ("tie" if won and lost else "profit" if won else "stop", k)
                    break
            if answer is None and t + params["horizon"] < len(close):
                answer = ("none", t + params["horizon"])
        found.append(answer)
    return found


def drawn(seed: int) -> tuple[str, dict[str, Any]]:
    random = np.random.default_rng(seed)
    width, side = str(random.choice(["volatility", "pct", "price"])), str(random.choice(["long", "short", "signal"]))
    profit, stop = (float(each) for each in random.choice([0.5, 1.0, 3.0], 2))
    return side, {"width": width, "profit": profit, "stop": stop, "horizon": int(random.choice([1, 10, 100]))}


def test_equals_a_plain_scan_on_a_hundred_thousand_rows() -> None:
    kinds: dict[str, int] = {}
    for seed in range(SERIES):
        bars, (side, params) = random_bars(seed), drawn(seed)
        expected = scanned(bars, side, params)
        stamps = bars["ts_close"].to_list()
        found = evaluate(bars, side=side, period=PERIOD, ties="null", **params)
        assert found["label_end"].to_list() == [stamps[known[1]] if known else None for known in expected]
        assert found["barrier"].to_list() == [known[0] if known and known[0] != "tie" else None for known in expected]
        for known in expected:
            kinds[known[0] if known else "unknown"] = kinds.get(known[0] if known else "unknown", 0) + 1
    assert sum(kinds.values()) == 100_000
    assert min(kinds[kind] for kind in ("profit", "stop", "none", "tie", "unknown")) > 1_000


PARAMS = {"width": "pct", "profit": 0.5, "stop": 0.5, "horizon": 10}


@pytest.mark.parametrize(("ties", "answer"), [("stop", "stop"), ("profit", "profit"), ("null", None)])
def test_a_tie_is_a_loss_unless_told_otherwise(ties: str, answer: str | None) -> None:
    bars = random_bars(3)
    found = evaluate(bars, ties=ties, **PARAMS)["barrier"].to_list()
    rows = [row for row, known in enumerate(scanned(bars, "long", PARAMS)) if known and known[0] == "tie"]
    assert len(rows) > 20
    assert {found[row] for row in rows} == {answer}


def test_numbers_and_meta_labels_say_the_same() -> None:
    bars = random_bars(4)
    classes = evaluate(bars, side="signal", **PARAMS)["barrier"].to_list()
    numbers = evaluate(bars, side="signal", answer="number", **PARAMS)["barrier"].to_list()
    paid = evaluate(bars, side="signal", answer="meta", **PARAMS)["barrier"].to_list()
    assert numbers == [{"stop": -1.0, "none": 0.0, "profit": 1.0, None: None}[each] for each in classes]
    assert paid == [None if each is None else each == "profit" for each in classes]
    assert paid.count(None) >= bars["signal"].to_list()[:-10].count(0.0)


def test_average_true_range_is_a_unit() -> None:
    bars = random_bars(5)
    atr = load("atr", "feature").bind({"period": PERIOD}).evaluate(bars).to_series()
    above = (bars["close"] + 2 * atr).to_list()
    found = evaluate(bars, width="atr", period=PERIOD, horizon=1, stop=50)["barrier"].to_list()
    high = bars["high"].to_list()
    for t in range(100, ROWS - 1):
        assert found[t] == ("profit" if high[t + 1] >= above[t] else "none")


def test_where_the_price_stood_still_there_is_no_width_and_no_answer() -> None:
    still = random_bars(6, 60).with_columns(close=pl.lit(100.0))
    assert evaluate(still)["barrier"].null_count() == 60
