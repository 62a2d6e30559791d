"""Scripts that ask for other bars prove themselves like any: a peek through the join is caught by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from trading_ml.core.crafted import crafted
from trading_ml.core.errors import BadParams
from trading_ml.core.joined import joined
from trading_ml.core.script import Bound, Kind, Script
from trading_ml.core.signature import params_of
from trading_ml.features import Bars, needs
from trading_ml.features.proof import prove
from trading_ml.labels import proof as labels

CLOSE, SLOW, OTHER, INNER = (pl.col(name) for name in ("close", "slow.close", "btc.close", "fine.close"))
STAMP = pl.col("slow.ts_close")
NEEDS = {
    "slow": Bars("30m"),
    "btc": Bars("1m", "bitflyer:BTC_JPY"),
    "fine": Bars("1m", inside=True),
}
HONEST = {
    "distance": (CLOSE / SLOW - 1, 0),
    "mean_of_five": (SLOW.rolling_mean(5), 4),
    "held": (SLOW.forward_fill(3), 3),
    "spread": (OTHER - SLOW, 0),
    "age": ((pl.col("ts_close") - STAMP).dt.total_seconds(), 0),
    "inside": (INNER.list.sum() / INNER.list.len() - CLOSE, 0),
    "inside_before": (INNER.list.max().shift(2), 2),
}
LEAKS = {
    "next_slow_close": SLOW.shift(-1),
    "slow_filled_from_later": SLOW.backward_fill(),
    "close_of_the_open_half_hour": SLOW.last().over(pl.col("ts_close").dt.truncate("1h")),
    "next_of_another_instrument": OTHER.shift(-1) - OTHER,
    "known_to_the_whole_sample": OTHER - OTHER.mean(),
    "finer_bars_of_the_next": INNER.shift(-1).list.first(),
    "when_the_next_closes": STAMP.shift(-1).dt.epoch("s"),
}


def bound_of(name: str, made: Any, kind: Kind = "feature") -> Bound:
    def function() -> pl.Expr:
        return made

    function.__name__ = name
    parts = made.values() if kind == "label" else [made]
    read = {column.partition(".")[0] for part in parts for column in part.meta.root_names()}
    return script(needs(**{name: bars for name, bars in NEEDS.items() if name in read})(function), kind)


def script(function: Callable[..., Any], kind: Kind) -> Bound:
    return Script(function.__name__, kind, function, params_of(function, function.__name__)).bind({})


@pytest.mark.parametrize("name", HONEST)
def test_honest_scripts_pass_with_the_warm_up_they_have(name: str) -> None:
    expression, warm_up = HONEST[name]
    proof = prove(bound_of(name, expression))
    assert proof.passed, proof.reasons
    assert (proof.warm_up, proof.warm_up_seconds) == (warm_up, 0)
    assert proof.lookahead.share > 0.6


@pytest.mark.parametrize("name", LEAKS)
def test_a_peek_through_the_join_is_caught_by_name(name: str) -> None:
    proof = prove(bound_of(name, LEAKS[name]))
    assert not proof.passed
    assert not proof.lookahead.passed
    assert f"'{name}' of row" in proof.reasons[0]


@pytest.mark.parametrize(("ahead", "passed"), [(3, True), (4, False)])
def test_a_label_may_look_at_other_bars_until_its_end(ahead: int, passed: bool) -> None:
    end = pl.col("ts_close").shift(-3)
    bound = bound_of("rises", {"up": SLOW.shift(-ahead) > SLOW, "label_end": end}, "label")
    proof = labels.prove(bound)
    assert proof.passed is passed
    assert proof.reach.measured == ahead


def test_real_bars_need_the_same_columns() -> None:
    bound = bound_of("distance", CLOSE / SLOW)
    bars = crafted(300)
    with pytest.raises(BadParams, match=r"distance: bars have no column 'slow.close'"):
        prove(bound, bars)
    proof = prove(bound, joined(bars, crafted(300, 2), "slow", NEEDS["slow"]))
    assert proof.passed, proof.reasons
    assert proof.lookahead.real is not None
