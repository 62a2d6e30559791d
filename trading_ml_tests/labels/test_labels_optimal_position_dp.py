"""The optimum under spread and fee: against every path there is, and against a plain dynamic programme."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trading_ml.core.crafted import crafted
from trading_ml.core.script import load
from trading_ml.core.time import NS
from trading_ml.labels.proof import prove

Numbers = NDArray[np.float64]
SIDES = (-1.0, 0.0, 1.0)


def quoted(mid: Numbers, cost: Numbers) -> pl.DataFrame:
    stamps = pl.Series(np.arange(1, len(mid) + 1) * 60_000_000_000).cast(NS)
    return pl.DataFrame({"ts_close": stamps, "close": mid, "bid": mid - cost, "ask": mid + cost})


def evaluate(bars: pl.DataFrame, use: str = "optimal_position_dp", **params: object) -> pl.DataFrame:
    return load(use, "label").bind(params).evaluate(bars)


def profit(path: Numbers, mid: Numbers, cost: Numbers, before: float = 0.0, after: float | None = None) -> Numbers:
    """Of positions held after each close but the last, along the last axis; `after` is what is held in the end."""
    held = path[..., :-1]
    start = np.full((*path.shape[:-1], 1), before)
    end = path[..., -1:] if after is None else np.full((*path.shape[:-1], 1), after)
    trades = np.abs(np.diff(np.concatenate([start, held, end], axis=-1)))
    return (held * np.diff(mid)).sum(axis=-1) - (trades * cost).sum(axis=-1)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 4)), min_size=2, max_size=8),
    st.integers(1, 8),
    st.integers(1, 8),
)
def test_no_path_at_all_is_better(quotes: list[tuple[int, int]], back: int, horizon: int) -> None:
    mid, cost = np.array([q[0] for q in quotes], float), np.array([q[1] for q in quotes], float) / 2
    found = evaluate(quoted(mid, cost), back=back, horizon=horizon)["position"].to_list()
    paths = np.array(list(product(SIDES, repeat=len(mid))))
    agreeing = np.all([(paths[:, t] == p) for t, p in enumerate(found) if p is not None] or [np.True_], axis=0)
    agreeing = np.broadcast_to(agreeing, len(paths))
    for before, after in product(SIDES, SIDES):  # whatever was held before, whatever is held in the end
        earned = profit(paths, mid, cost, before, after)
        assert earned[agreeing].max() == pytest.approx(earned.max(), abs=1e-9)


def plain(mid: list[float], cost: list[float]) -> list[float]:
    """The dynamic programme over three positions, from flat, in plain Python; the flattest of the best paths."""
    n = len(mid)
    ahead = [dict.fromkeys(SIDES, 0.0) for _ in range(n)]
    for t in range(n - 2, -1, -1):
        for q in SIDES:
            gains = ((mid[t + 1] - mid[t]) * p - abs(p - q) * cost[t] + ahead[t + 1][p] for p in SIDES)
            ahead[t][q] = max(gains)
    path, held = [], 0.0
    for t in range(n - 1):
        worth = {p: (mid[t + 1] - mid[t]) * p - abs(p - held) * cost[t] + ahead[t + 1][p] for p in SIDES}
        best = max(worth.values())
        held = min((p for p in SIDES if worth[p] > best - 1e-9), key=abs)
        path.append(held)
    return [*path, held]


def walk(seed: int, rows: int) -> tuple[Numbers, Numbers]:
    random = np.random.default_rng(seed)
    return 100 + np.cumsum(random.normal(size=rows)), random.uniform(0.2, 1.5, rows)


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_plain_dynamic_programme_where_it_is_decided(seed: int) -> None:
    mid, cost = walk(seed, 2_000)
    found = evaluate(quoted(mid, cost))["position"].to_list()
    expected = plain(mid.tolist(), cost.tolist())
    wrong = [t for t, p in enumerate(found) if p is not None and p != expected[t] and t > 20]
    assert not wrong
    assert sum(p is None for p in found) < 60


@pytest.mark.parametrize("seed", range(5))
def test_is_never_worse_than_the_rule(seed: int) -> None:
    mid, cost = walk(seed, 600)
    bars = quoted(mid, cost)
    ours = evaluate(bars)["position"].fill_null(strategy="forward").fill_null(0.0).to_numpy()
    rule = evaluate(bars, "optimal_position", horizon=30, carry=600)["position"]
    theirs = rule.fill_null(strategy="forward").to_numpy()
    assert profit(ours, mid, cost) > profit(theirs, mid, cost)
    best = profit(np.array(plain(mid.tolist(), cost.tolist())), mid, cost)
    assert profit(ours, mid, cost) > 0.97 * best  # nulls at both ends were filled blindly here


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(0, 60))
def test_what_comes_after_its_label_end_cannot_change_it(seed: int, cut: int) -> None:
    mid, cost = walk(seed, 61)
    whole = evaluate(quoted(mid, cost)).with_row_index()
    known = whole.filter(pl.col("label_end") <= quoted(mid, cost)["ts_close"][cut])
    for other in (mid + 1000, mid - 1000, mid[::-1]):
        changed = quoted(np.concatenate([mid[: cut + 1], other[cut + 1 :]]), cost)
        found = evaluate(changed).with_row_index()
        assert found.filter(pl.col("index").is_in(known["index"].implode())).equals(known)


def test_label_end_is_the_bar_that_settles_it() -> None:
    mid = np.array([100.0, 95, 96, 98, 100, 99, 97, 96, 99])
    found = evaluate(quoted(mid, np.full(9, 1.0)))
    # at 95 a rise of more than 2 pays a way in and out: 96 does not settle it, 98 does; 100 is left after 97
    assert found["position"].to_list() == [-1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, 1.0, None]
    stamps = quoted(mid, mid)["ts_close"]
    rows = [None if end is None else stamps.index_of(end) for end in found["label_end"]]
    assert rows[1:5] == [3, 3, 4, 6]


def test_where_nothing_moves_nothing_is_decided() -> None:
    still = quoted(np.full(50, 100.0), np.full(50, 0.1))
    assert evaluate(still)["position"].null_count() == 50


def test_fee_counts_like_spread() -> None:
    mid, _ = walk(1, 300)
    by_fee = evaluate(quoted(mid, np.zeros(300)), fee_bps=50)
    assert by_fee.equals(evaluate(quoted(mid, mid * 0.005)))


def test_its_bounds_are_its_context() -> None:
    proof = prove(load("optimal_position_dp", "label").bind({"fee_bps": 10, "horizon": 60, "back": 400}))
    assert proof.passed, proof.reasons
    assert (proof.warm_up, proof.after.bars) == (400, 60)
    assert proof.lookahead.share > 0.95


def test_crafted_bars_are_nearly_all_decided() -> None:
    assert evaluate(crafted(2000))["position"].null_count() < 60
