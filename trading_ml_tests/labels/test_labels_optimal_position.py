"""The reference rule of optimal positions, by a plain loop, on hand-made prices and on bitFlyer's minutes."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.errors import BadParams
from trading_ml.core.script import load
from trading_ml.core.time import NS
from trading_ml.labels.proof import prove


def evaluate(bars: pl.DataFrame, **params: object) -> pl.DataFrame:
    return load("optimal_position", "label").bind(params).evaluate(bars)


def rule(bid: list[float], ask: list[float], horizon: int = 300, first: int = 3) -> list[float | None]:
    """Positions as the original's documentation tells them; the last `horizon` rows are dropped."""
    mid = [(b + a) / 2 for b, a in zip(bid, ask, strict=True)]
    positions: list[float | None] = []
    position = 0.0
    for t in range(len(mid) - horizon):
        future = mid[t + first : t + horizon + 1]
        if bid[t] > max(future):
            position = -1.0
        elif ask[t] < min(future):
            position = 1.0
        positions.append(position)
    return positions + [None] * min(horizon, len(mid))


def quoted(bid: list[float], ask: list[float]) -> pl.DataFrame:
    stamps = pl.Series(np.arange(1, len(bid) + 1) * 60_000_000_000).cast(NS)
    close = [(b + a) / 2 for b, a in zip(bid, ask, strict=True)]
    return pl.DataFrame({"ts_close": stamps, "close": close, "bid": bid, "ask": ask})


def test_by_hand() -> None:
    mid = [10.0, 9.0, 8.0, 9.0, 10.0, 11.0, 10.0, 9.0, 8.0, 9.0]
    found = evaluate(quoted([m - 0.5 for m in mid], [m + 0.5 for m in mid]), horizon=2, first=1)["position"]
    # the first bid, 9.5, is above 9 and 8; the ask of 8 is below 9 and 10; the bid of 11 is above 10 and 9
    assert found.to_list() == [-1.0, -1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, None, None]


def test_the_rule_on_bitflyers_minutes(market_data: Path) -> None:
    bid, ask = bitflyer(market_data)
    found = evaluate(quoted(bid, ask), carry=len(bid))
    expected = rule(bid, ask)
    assert found["position"].to_list() == expected
    assert len(set(expected)) == 4
    ends = quoted(bid, ask)["ts_close"]
    assert found["label_end"].to_list() == ends.to_list()[300:] + [None] * 300


def bitflyer(market_data: Path) -> tuple[list[float], list[float]]:
    """Best bid and ask of three days, each minute."""
    paths = sorted((market_data / "bitflyer_btcjpy_ticks").glob("bitflyer.ticker.*.csv.gz"))
    quotes = pl.concat(pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema=False) for path in paths)
    prices = quotes.select(pl.col("best_bid", "best_ask").cast(pl.Float64, strict=False)).drop_nulls()
    assert prices.height > 4000
    return prices["best_bid"].to_list(), prices["best_ask"].to_list()


def test_what_the_default_carry_loses_is_told(market_data: Path) -> None:
    bid, ask = bitflyer(market_data)
    bounded, endless = evaluate(quoted(bid, ask))["position"], pl.Series(rule(bid, ask))
    lost = (bounded != endless).arg_true()
    assert all(bounded[row] == 0.0 for row in lost)
    assert len(lost) < 0.01 * len(bid)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2)), min_size=1, max_size=60),
    st.integers(1, 8),
    st.integers(1, 8),
)
def test_the_rule_on_anything(quotes: list[tuple[int, int]], horizon: int, first: int) -> None:
    first = min(first, horizon)
    bid, ask = [float(b) for b, _ in quotes], [float(b + spread) for b, spread in quotes]
    found = evaluate(quoted(bid, ask), horizon=horizon, first=first, carry=100)["position"]
    assert found.to_list() == rule(bid, ask, horizon, first)


def test_a_signal_ends_after_its_carry() -> None:
    mid = [5.0, 4.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0]
    found = evaluate(quoted(mid, mid), horizon=1, first=1, carry=2)["position"]
    assert found.to_list() == [-1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, None]
    found = evaluate(quoted(mid, mid), horizon=1, first=1, carry=0)["position"]
    assert found.to_list() == [-1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, None]


def test_without_quotes_there_is_a_spread_around_the_close() -> None:
    mid = [100.0, 100.05, 100.0, 99.0, 100.0, 101.0]
    bars = quoted(mid, mid).drop("bid", "ask")
    params = {"horizon": 1, "first": 1, "carry": 10}
    assert evaluate(bars, **params)["position"].to_list() == [1.0, -1.0, -1.0, 1.0, 1.0, None]
    assert evaluate(bars, spread_bps=20, **params)["position"].to_list() == [0.0, 0.0, -1.0, 1.0, 1.0, None]


def test_as_classes() -> None:
    mid = [5.0, 5.0, 4.0, 5.0, 4.0, 4.0]
    params = {"horizon": 1, "first": 1, "carry": 10}
    sides = evaluate(quoted(mid, mid), answer="side", **params)["position"].to_list()
    assert sides == ["flat", "short", "long", "short", "short", None]
    longs = evaluate(quoted(mid, mid), answer="long", **params)["position"].to_list()
    assert longs == [False, False, True, False, False, None]


def test_the_first_row_lies_within_the_horizon() -> None:
    with pytest.raises(BadParams, match=r"optimal_position\.first: is 3, beyond the horizon 2"):
        evaluate(quoted([1.0], [1.0]), horizon=2)


def test_its_carry_is_its_warm_up() -> None:
    proof = prove(load("optimal_position", "label").bind({"horizon": 20, "carry": 500, "answer": "side"}))
    assert proof.passed, proof.reasons
    assert proof.reach.measured == proof.reach.declared == 20
    assert proof.warm_up == 500
