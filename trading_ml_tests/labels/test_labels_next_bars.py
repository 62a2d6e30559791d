"""The path of the next bars, against plain Python."""

from __future__ import annotations

from math import log

import pytest

from trading_ml.core.crafted import crafted
from trading_ml.core.script import load

BARS = crafted(300)
CLOSE, STAMPS = BARS["close"].to_list(), BARS["ts_close"].to_list()


@pytest.mark.parametrize("kind", ["simple", "pct", "log", "difference"])
def test_each_step_is_relative_to_this_close(kind: str) -> None:
    found = load("next_bars", "label").bind({"bars": 5, "kind": kind}).evaluate(BARS)
    assert found.columns == [*(f"step_{ahead}" for ahead in range(1, 6)), "label_end"]
    for t, now in enumerate(CLOSE[:-5]):
        for ahead in range(1, 6):
            later = CLOSE[t + ahead]
            simple = later / now - 1
            told = {"simple": simple, "pct": 100 * simple, "log": log(later / now), "difference": later - now}
            assert found[f"step_{ahead}"][t] == pytest.approx(told[kind], abs=1e-12)
    assert found["label_end"].to_list() == STAMPS[5:] + [None] * 5
    assert all(found[f"step_{ahead}"][-5:].null_count() == 5 for ahead in range(1, 6))
