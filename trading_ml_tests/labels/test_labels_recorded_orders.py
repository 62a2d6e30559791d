"""Recorded orders against a plain look through the bars after each order."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from trading_ml.core.crafted import crafted
from trading_ml.core.errors import BadParams
from trading_ml.core.joined import joined
from trading_ml.core.script import load
from trading_ml.core.time import NS, SECOND
from trading_ml.features import FeatureUse
from trading_ml.labels import LabelUse
from trading_ml.labels.recorded import PLACED

RECORDED = {"orders": "recorded", "horizon": 40}


def market(seed: int, rows: int = 500) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Bars of a second, one in ten missing, and orders of either side, some of which share a second."""
    random = np.random.default_rng(seed)
    close = 100 + 0.25 * np.cumsum(random.integers(-2, 3, rows))
    span, half = 0.25 * random.integers(0, 3, (2, rows)), random.choice([0.125, 0.25], rows)
    opens = np.arange(rows) * SECOND
    stamps = {"ts_open": pl.Series(opens).cast(NS), "ts_close": pl.Series(opens + SECOND).cast(NS)}
    prices = {"high": close + span[0], "low": close - span[1], "close": close, "bid": close - half, "ask": close + half}
    placed = []
    for second in random.integers(0, rows, 200).tolist():
        side, won = int(random.choice([-1, 1])), bool(random.integers(2))
        price = float(close[second] + side * half[second])
        levels = {"limit_price": price + side * 1.5, "stop_price": price - side * 1.0}
        placed.append({"second": second, "side": side, "open": price, "profit": won, **levels})
    return pl.DataFrame({**stamps, **prices}).filter(pl.Series(random.random(rows) > 0.1)), placed


def beside(bars: pl.DataFrame, placed: list[dict[str, Any]]) -> pl.DataFrame:
    """The bars with those of orders, one for each second, which tell of its first."""
    first = {order["second"]: order for order in reversed(placed)}
    rows = pl.DataFrame([first[second] for second in sorted(first)])
    opens = (pl.col("second") * SECOND).cast(NS)
    others = rows.select(
        pl.col("side", "open", "limit_price", "stop_price").cast(pl.Float64), pl.col("profit").cast(pl.Float64),
        ts_open=opens, ts_close=opens.dt.offset_by("1s"),
    )  # fmt: skip
    return joined(bars, others, "orders", PLACED)


def seen(rows: list[dict[str, Any]], order: dict[str, Any], t: int, fill: str, horizon: int) -> int | None:
    """The row in which the price is first seen at the level that closed the order."""
    level = order["limit_price"] if order["profit"] else order["stop_price"]
    rises = (order["side"] > 0) == order["profit"]
    for k in range(t + 2, min(t + horizon, len(rows) - 1) + 1):
        half = (rows[k]["ask"] - rows[k]["bid"]) / 2 * (fill == "spread")
        top, bottom = rows[k]["high"] - order["side"] * half, rows[k]["low"] - order["side"] * half
        if top >= level if rises else bottom <= level:
            return k
    return None


@pytest.mark.parametrize("fill", ["spread", "mid"])
@pytest.mark.parametrize("seed", range(3))
def test_equals_a_plain_look_through_the_bars(fill: str, seed: int) -> None:
    bars, placed = market(seed)
    bound = [
        load("order_outcome", "label").bind(RECORDED | {"fill": fill, "answer": each}) for each in ("profit", "pnl")
    ]
    found = [each.evaluate(beside(bars, placed)) for each in bound]
    rows, stamps, answers = bars.to_dicts(), bars["ts_close"].to_list(), 0
    for t in range(bars.height):
        inside = [o for o in placed if t + 1 < len(rows) and rows[t + 1]["ts_open"].timestamp() == o["second"]]
        k = seen(rows, inside[0], t, fill, 40) if inside else None
        won, pnl, end = found[0]["profit"][t], found[1]["pnl"][t], found[0]["label_end"][t]
        if k is None:
            assert (won, pnl, end) == (None, None, None)
        else:
            assert (won, pnl, end) == (inside[0]["profit"], 1.5 if inside[0]["profit"] else -1.0, stamps[k])
            answers += 1
    assert answers > 50
    assert found[0]["label_end"].equals(found[1]["label_end"])


def test_its_own_bar_and_what_is_not_seen_end_no_order() -> None:
    still = market(0)[0].head(4).with_columns(bid=9.0, ask=11.0, high=pl.Series([10.0, 99, 10, 10]), low=10.0)
    order = {"side": 1, "open": 11.0, "limit_price": 12.0, "stop_price": 1.0, "profit": True}
    second = int(still["ts_open"][1].timestamp())
    answer = load("order_outcome", "label").bind(RECORDED).evaluate(beside(still, [{"second": second, **order}]))
    assert answer["profit"].to_list() == [None] * 4
    assert answer["label_end"].to_list() == [None] * 4


def test_is_proven_and_reaches_no_further_than_its_horizon() -> None:
    from trading_ml.labels.proof import prove

    proof = prove(load("order_outcome", "label").bind({"orders": "recorded", "horizon": 60}))
    assert proof.passed, proof.reasons
    assert 1 < proof.reach.measured <= proof.reach.declared == 60


def test_orders_are_needed_only_where_they_are_asked_for() -> None:
    assert LabelUse.parse({"use": "order_outcome"}, "o").others == {}
    assert LabelUse.parse({"use": "order_outcome", "orders": "recorded"}, "o").others == {"orders": PLACED}
    simulated = load("order_outcome", "label").bind({})
    assert simulated.given(crafted(50)).columns == crafted(50).columns


def test_no_feature_is_told_how_orders_ended() -> None:
    from trading_ml.bars import BarParams
    from trading_ml.bars.beside import wanted_by

    bars = {"every": "1s", "kind": "orders", "fill": False, "statistics": ["side", "profit"]}
    looks = FeatureUse.parse({"use": "sma", "on": bars}, "f")
    own = BarParams(every="1s", kind="quotes")
    with pytest.raises(BadParams, match="f: looks at bars with 'profit', which became known after them"):
        list(wanted_by(own, [("f", looks)]))
    with pytest.raises(BadParams, match="only labels may"):
        list(wanted_by(BarParams.parse(bars, "bars"), [("f", FeatureUse.parse({"use": "sma"}, "f"))]))
    allowed = FeatureUse.parse({"use": "sma", "on": bars | {"statistics": ["side"]}}, "f")
    assert len(list(wanted_by(own, [("f", allowed)]))) == 1
