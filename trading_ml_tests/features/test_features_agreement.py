"""Values of the built-in features against TA-Lib's own functions, on simulated and on real bars."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from benchmarks.agreement import counterparts, differences, table
from benchmarks.features import PANDAS, TALIB, bars, real_bars
from trading_ml.features import FEATURES

WITHIN = 1e-10
"""Largest difference over the root mean square: sums are added up in another order, nothing else differs."""


def agree(found: pl.DataFrame, rows: int) -> None:
    told = differences(found)
    apart = [each for each in told if each.relative > WITHIN or each.alone]
    assert not apart, "\n".join(table("these differ", apart))
    assert min(each.rows for each in told) > rows


def test_features_agree_with_talib_on_simulated_bars() -> None:
    agree(bars(20_000), 18_900)


def test_features_agree_with_talib_on_real_bars(market_data: Path) -> None:
    agree(real_bars(market_data), 6_900)


def test_a_difference_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    sma = next(counterparts())
    spoiled = [sma._replace(values=lambda b: sma.values(b) * (1 + 1e-6)), sma._replace(values=lambda b: b.close)]
    monkeypatch.setattr("benchmarks.agreement.counterparts", lambda: spoiled)
    slightly, by_beginning = differences(bars(2_000))
    assert slightly.relative == pytest.approx(1e-6, rel=0.1)
    assert (slightly.alone, by_beginning.alone) == (0, 19)


def test_all_that_talib_has_is_compared() -> None:
    compared = {each.column.split(".")[0] for each in counterparts()}
    assert set(TALIB) <= compared <= set(FEATURES)
    assert set(PANDAS) <= set(FEATURES)
