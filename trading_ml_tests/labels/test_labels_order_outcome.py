"""Outcomes of orders against a plain simulation of each order, bar by bar."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest

from trading_ml.core.script import load
from trading_ml.core.time import NS


def evaluate(bars: pl.DataFrame, **params: object) -> pl.DataFrame:
    return load("order_outcome", "label").bind(params).evaluate(bars)


def random_bars(seed: int, rows: int = 400) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    close = 100 + 0.25 * np.cumsum(random.integers(-2, 3, rows))
    span = 0.25 * random.integers(0, 4, (2, rows))
    half = random.choice([0.125, 0.25], rows)
    stamps = pl.Series(np.arange(1, rows + 1) * 60_000_000_000).cast(NS)
    prices = {"high": close + span[0], "low": close - span[1], "close": close, "bid": close - half, "ask": close + half}
    return pl.DataFrame({"ts_close": stamps, **prices})


def simulated(rows: list[dict[str, Any]], t: int, params: dict[str, Any]) -> tuple[float, int] | None:
    """Profit of the order of row t, and the row at which it is closed."""
    sign, spread = 1 if params["side"] == "buy" else -1, 1 if params["fill"] == "spread" else 0
    paid = sign * spread * (rows[t]["ask"] - rows[t]["bid"]) / 2
    entry = rows[t]["close"] + paid
    limit, stop = entry + sign * params["limit"], entry - sign * params["stop"]
    for k in range(t + 1, min(t + params["horizon"] + 1, len(rows))):
        paid = sign * spread * (rows[k]["ask"] - rows[k]["bid"]) / 2
        high, low = rows[k]["high"] - paid, rows[k]["low"] - paid
        stopped, won = (low <= stop, high >= limit) if sign > 0 else (high >= stop, low <= limit)
        if not (stopped or won or k == t + params["horizon"]):
            continue
        exit_ = stop if stopped else limit if won else rows[k]["close"] - paid
        return sign * (exit_ - entry) - params["fee_bps"] / 10_000 * (exit_ + entry), k
    return None


@pytest.mark.parametrize(("side", "fill"), list(product(["buy", "sell"], ["spread", "mid"])))
def test_equals_a_plain_simulation(side: str, fill: str) -> None:
    params = {"side": side, "fill": fill, "stop": 1.0, "limit": 1.5, "horizon": 12, "fee_bps": 2.0}
    bars = random_bars(len(side) + len(fill))
    found = evaluate(bars, unit="price", answer="pnl", **params)
    stamps = bars["ts_close"].to_list()
    rows, closed = bars.to_dicts(), set()
    for t in range(bars.height):
        expected = simulated(rows, t, params)
        assert found["label_end"][t] == (stamps[expected[1]] if expected else None)
        assert found["pnl"][t] == pytest.approx(expected[0] if expected else None, abs=1e-9)
        closed.add(expected[1] - t if expected else None)
    assert closed >= {1, 5, 12, None}


def test_the_spread_is_paid_twice_when_nothing_happens() -> None:
    still = random_bars(0, 3).with_columns(high=pl.lit(9.0), low=pl.lit(9.0), close=pl.lit(9.0), bid=8.5, ask=9.5)
    assert evaluate(still, horizon=2, stop=50, limit=50, answer="pnl")["pnl"].to_list() == [-1.0, None, None]
    assert evaluate(still, horizon=2, stop=50, limit=50, fill="mid", answer="pnl")["pnl"][0] == 0.0
    assert evaluate(still, horizon=2, stop=50, limit=50, fill="mid")["profit"][0] is None
    assert evaluate(still, horizon=2, stop=50, limit=50)["profit"].to_list() == [False, None, None]


def test_without_quotes_there_is_a_spread_around_the_close() -> None:
    bars = random_bars(1)
    mid = (pl.col("bid") + pl.col("ask")) / 2
    quoted = bars.with_columns(bid=mid * 0.999, ask=mid * 1.001)
    by_parameter = evaluate(bars.drop("bid", "ask"), spread_bps=20, answer="pnl")
    assert by_parameter["label_end"].equals(evaluate(quoted, answer="pnl")["label_end"])
    assert (by_parameter["pnl"] - evaluate(quoted, answer="pnl")["pnl"]).abs().max() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("ties", "pnl"), [("stop", -1.0), ("limit", 2.0), ("null", None)])
def test_ties_are_losses_unless_told_otherwise(ties: str, pnl: float | None) -> None:
    wild = random_bars(0, 2).with_columns(high=pl.Series([9.0, 12.0]), low=pl.Series([9.0, 7.0]), close=pl.lit(9.0))
    found = evaluate(wild.drop("bid", "ask"), stop=1, limit=2, unit="price", ties=ties, answer="pnl")
    assert found["pnl"].to_list() == [pnl, None]


def test_time_may_leave_an_order_unanswered() -> None:
    still = random_bars(0, 3).with_columns(high=pl.lit(9.0), low=pl.lit(9.0), close=pl.lit(9.0), bid=8.5, ask=9.5)
    assert evaluate(still, horizon=1, stop=50, limit=50, at_horizon="null")["profit"].to_list() == [None] * 3
