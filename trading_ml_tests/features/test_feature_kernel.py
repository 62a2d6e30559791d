"""Kernels and parts: what the built-in features do with unknown prices, too few of them, and several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest

from trading_ml.core.crafted import crafted
from trading_ml.core.script import load
from trading_ml.features.kernel import kernel, talib

USES = (
    "adx", "bollinger", "candle", "cci", "close_to_close", "donchian", "ema", "garman_klass", "keltner", "macd",
    "momentum", "parkinson", "relative_to_last", "roc", "rogers_satchell", "rsi", "stochastic", "true_range",
    "vwap_deviation", "wma", "yang_zhang",
)  # fmt: skip
BARS = crafted(1500)


def evaluate(use: str, bars: pl.DataFrame) -> pl.DataFrame:
    return load(use, "feature").bind({}).evaluate(bars)


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
@pytest.mark.parametrize("use", USES)
def test_too_few_bars_are_no_failure(use: str, rows: int) -> None:
    found = evaluate(use, BARS.head(rows))
    assert found.height == rows
    assert found.schema == evaluate(use, BARS).schema


@pytest.mark.parametrize("unknown", [None, float("nan")])
@pytest.mark.parametrize("use", USES)
def test_an_unknown_price_is_forgotten(use: str, unknown: float | None) -> None:
    """Nothing before it changes, and once it has left every window nothing after it does."""
    at = pl.int_range(pl.len()) == 500
    prices = [pl.when(at).then(unknown).otherwise(pl.col(name)).alias(name) for name in ("high", "low", "close")]
    found, clean = evaluate(use, BARS.with_columns(prices)), evaluate(use, BARS)
    assert found[:500].equals(clean[:500])
    for name in clean.columns:
        ours, theirs = found[name][1000:], clean[name][1000:]
        assert ours.is_null().equals(theirs.is_null())
        usual = float(np.median(np.abs(theirs.drop_nulls().to_numpy())))
        np.testing.assert_allclose(ours.to_numpy(), theirs.to_numpy(), rtol=1e-9, atol=1e-9 * usual, err_msg=name)


@pytest.mark.parametrize("use", USES)
def test_no_price_is_known(use: str) -> None:
    unknown = [pl.lit(None, pl.Float64).alias(name) for name in ("open", "high", "low", "close", "vwap")]
    for column in evaluate(use, BARS.head(100).with_columns(unknown)).iter_columns():
        assert column.null_count() == 100, column.name


@pytest.mark.parametrize("use", USES)
def test_a_price_that_never_moves(use: str) -> None:
    still = BARS.head(300).with_columns(pl.lit(0.1).alias(name) for name in ("open", "high", "low", "close", "vwap"))
    found = evaluate(use, still).tail(50)
    expected = {"rsi": 50.0, "stochastic": 50.0}.get(use, 0.0)
    for column in found.iter_columns():
        value = {"position": 0.5}.get(column.name, expected)
        if column.name in ("upper", "lower", "middle", "ema", "wma", "vwap"):
            value = 0.1
        np.testing.assert_allclose(column.to_numpy(), value, atol=1e-13, err_msg=column.name)


def test_threads_do_not_disturb_each_other() -> None:
    uses = [use for use in USES if use != "candle"]
    alone = {use: evaluate(use, BARS) for use in uses}
    with ThreadPoolExecutor(4) as pool:
        for use, found in zip(uses * 5, pool.map(lambda use: evaluate(use, BARS), uses * 5), strict=True):
            assert found.equals(alone[use]), use


def test_a_kernel_sees_known_rows_of_all_its_columns() -> None:
    frame = pl.DataFrame({"a": [1, 2, 3, 4], "b": [1.0, None, float("inf"), 0.5]})
    added = frame.select(kernel(lambda a, b: np.cumsum(a + b), "a", pl.col("b")))
    assert added.to_series().to_list() == [2.0, None, None, 6.5]


def test_talib_takes_any_number_type_and_several_chunks() -> None:
    one = pl.DataFrame({"close": pl.Series([1, 2, 4], dtype=pl.Int32)})
    twice = pl.concat([one, one], rechunk=False)
    found = twice.select(talib("WMA", "close", timeperiod=2)).to_series().to_list()
    assert found == pytest.approx([None, 5 / 3, 10 / 3, 2.0, 5 / 3, 10 / 3])
