"""Values of the built-in features against TA-Lib's own functions, on simulated and on real bars."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from benchmarks import alpha158
from benchmarks.agreement import counterparts, differences, table
from benchmarks.claim import Place
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


def test_a_difference_from_qlib_is_told_by_group_of_factors(tmp_path: Path) -> None:
    place = Place(tmp_path, 0, 0)
    alpha158.BENCHMARK.prepare(place)
    theirs = pl.concat(alpha158._factors(place, symbol) for symbol in alpha158._symbols(place))
    at = pl.int_range(pl.len()) == 1_000
    spoiled = theirs.with_columns(MA10=pl.col("MA10") + at * 0.5, KUP2=pl.when(~at).then("KUP2"))
    spoiled.write_parquet(alpha158._values(place, alpha158.QLIB[0]))
    lines = {line.split(" ")[1]: line for line in alpha158.BENCHMARK.tables(place) if line.startswith("|")}
    assert len(lines) == 13 + 29 + 2
    assert [line.split(" | ")[2:] for group, line in lines.items() if group in ("MA", "KUP2", "KUP")] == [
        ["0", "0", "0", "0 |"], ["0", "0", "1", "0 |"], ["0.5", lines["MA"].split(" | ")[3], "0", "0 |"]
    ]  # fmt: skip
