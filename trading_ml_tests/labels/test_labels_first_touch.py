"""First touches against a plain scan, on a hundred thousand rows of random bars whose prices lie on a coarse grid."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trading_ml.core.script import load
from trading_ml.core.time import NS
from trading_ml.labels.proof import prove

SERIES, ROWS = 100, 1_000


def evaluate(bars: pl.DataFrame, **params: object) -> pl.DataFrame:
    return load("first_touch", "label").bind(params).evaluate(bars)


def random_bars(seed: int, rows: int = ROWS) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    close = 100 + 0.25 * np.cumsum(random.integers(-2, 3, rows))
    opened = np.roll(close, 1) + 0.25 * random.integers(-1, 2, rows)
    high = np.maximum(opened, close) + 0.25 * random.integers(0, 3, rows)
    low = np.minimum(opened, close) - 0.25 * random.integers(0, 3, rows)
    stamps = pl.Series(np.arange(1, rows + 1) * 60_000_000_000).cast(NS)
    return pl.DataFrame({"ts_close": stamps, "open": opened, "high": high, "low": low, "close": close})


def scanned(bars: pl.DataFrame, pct: float, horizon: int) -> list[tuple[str, int] | None]:
    """For each row what is touched first and at which row; nothing where the bars end before that is known."""
    opens, highs, lows = (bars[name].to_list() for name in ("open", "high", "low"))
    found: list[tuple[str, int] | None] = []
    for t in range(len(opens)):
        answer = None
        for k in range(t + 1, min(t + horizon, len(opens) - 1) + 1):
            up, down = highs[k] >= opens[t + 1] * (1 + pct / 100), lows[k] <= opens[t + 1] * (1 - pct / 100)
            if up or down:
                answer = ("tie" if up and down else "up" if up else "down", k)
                break
        if answer is None and t + horizon < len(opens):
            answer = ("none", t + horizon)
        found.append(answer)
    return found


def test_equals_a_plain_scan_on_a_hundred_thousand_rows() -> None:
    kinds: dict[str, int] = {}
    for seed in range(SERIES):
        bars, random = random_bars(seed), np.random.default_rng(seed)
        pct, horizon = float(random.choice([0.5, 1.0, 2.0, 4.0])), int(random.choice([1, 5, 60, 500]))
        expected = scanned(bars, pct, horizon)
        stamps = bars["ts_close"].to_list()
        found = evaluate(bars, pct=pct, horizon=horizon, untouched="none")
        assert found["label_end"].to_list() == [stamps[known[1]] if known else None for known in expected]
        assert found["first"].to_list() == [known[0] if known and known[0] != "tie" else None for known in expected]
        for known in expected:
            kinds[known[0] if known else "unknown"] = kinds.get(known[0] if known else "unknown", 0) + 1
    assert sum(kinds.values()) == 100_000
    assert min(kinds[kind] for kind in ("up", "down", "none", "tie", "unknown")) > 100


@pytest.mark.parametrize(("ties", "answer"), [("null", None), ("up", True), ("down", False)])
def test_a_tie_is_what_the_parameter_says(ties: str, answer: bool | None) -> None:
    bars = random_bars(7)
    touches = scanned(bars, 0.5, 60)
    found = evaluate(bars, pct=0.5, horizon=60, ties=ties)["first"].to_list()
    named = {"tie": answer, "up": True, "down": False, "none": None}
    assert found == [named[known[0]] if known else None for known in touches]


def test_a_level_that_is_just_reached_is_touched() -> None:
    prices = {"open": [100.0] * 3, "high": [100.0, 100.5, 101.0], "low": [100.0] * 3}
    bars = random_bars(0, 3).with_columns(**{name: pl.Series(values) for name, values in prices.items()})
    assert evaluate(bars, pct=1, horizon=2)["first"].to_list() == [True, True, None]


def test_it_is_proven_although_touches_may_take_long() -> None:
    proof = prove(load("first_touch", "label").bind({"pct": 40, "horizon": 300, "ties": "up"}))
    assert proof.passed, proof.reasons
    assert proof.after.bars == 300
