"""Returns over the time to come, by bars and by the clock, against plain loops."""

from __future__ import annotations

from datetime import timedelta
from math import log

import pytest

from trading_ml.core.crafted import crafted
from trading_ml.core.script import load
from trading_ml.labels.proof import prove

BARS = crafted(600)
ROWS = BARS.select("ts_close", "close").to_dicts()


def evaluate(**params: object) -> dict[str, list]:
    return load("fixed_horizon", "label").bind(params).evaluate(BARS).to_dict(as_series=False)


@pytest.mark.parametrize("kind", ["log", "simple", "pct"])
def test_by_bars(kind: str) -> None:
    found = evaluate(horizon=7, kind=kind)
    for t, now in enumerate(ROWS[:-7]):
        ratio = ROWS[t + 7]["close"] / now["close"]
        expected = {"log": log(ratio), "simple": ratio - 1, "pct": 100 * (ratio - 1)}[kind]
        assert found["return"][t] == pytest.approx(expected, abs=1e-12)
        assert found["label_end"][t] == ROWS[t + 7]["ts_close"]
    assert found["return"][-7:] == found["label_end"][-7:] == [None] * 7


def test_by_the_clock_it_is_the_last_bar_that_closed_by_then() -> None:
    found = evaluate(seconds=1800)
    answered = 0
    for t, now in enumerate(ROWS):
        then = now["ts_close"] + timedelta(seconds=1800)
        if then > ROWS[-1]["ts_close"]:
            assert found["label_end"][t] is found["return"][t] is None
            continue
        assert found["label_end"][t] == then
        later = [row["close"] for row in ROWS[t + 1 :] if row["ts_close"] <= then]
        answered += bool(later)
        expected = log(later[-1] / now["close"]) if later else None
        assert found["return"][t] == pytest.approx(expected, abs=1e-12)
    assert 300 < answered < 590  # nights have no bars


def test_by_the_clock_it_is_proven_with_its_seconds() -> None:
    proof = prove(load("fixed_horizon", "label").bind({"seconds": 5400}))
    assert proof.passed, proof.reasons
    assert proof.after.seconds >= 5400
