"""Rules that judge a price by earlier ones, against plain Python and against a real share in two units."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.adapters import RawFile, lseg
from trading_ml.core.instruments import Instrument
from trading_ml.ticks.rules import chosen, judged
from trading_ml.ticks.rules.outlier import OutlierParams
from trading_ml.ticks.rules.unit_slip import UnitSlipParams


def rejected(prices: list[float], rule: str, **params: object) -> list[bool]:
    facts = {"source": "x", "symbol": "X", "rules": [{rule: params}]}
    ticks = pl.DataFrame({"price": prices}, schema={"price": pl.Float64})
    return judged(ticks, chosen(Instrument.parse(facts, "by hand"), "trades"))["excluded_by"].is_not_null().to_list()


some_prices = st.lists(
    st.sampled_from([0.0, -37.5, -0.375, 0.01, 19.97, 20.5, 199.0, 1995.5, 2003.0, 2031.0, 200_000.0]), max_size=30
)


@given(some_prices, st.integers(1, 7), st.integers(1, 7), st.sampled_from([(100.0,), (10.0, 1000.0)]))
def test_unit_slips_are_those_of_plain_python(
    prices: list[float], ticks: int, at_least: int, factors: tuple[float, ...]
) -> None:
    params = UnitSlipParams(ticks=ticks, at_least=at_least, factors=factors)
    expected = []
    for at, price in enumerate(prices):
        earlier = prices[max(at - ticks, 0) : at]
        usual = median(earlier) if len(earlier) >= min(at_least, ticks) else 0.0
        ratios = [price / usual * unit for f in factors for unit in (f, 1 / f)] if usual else []
        expected.append(any(0.8 <= ratio <= 1.2 for ratio in ratios))
    assert rejected(prices, "unit_slip", **params.model_dump()) == expected


@given(some_prices, st.integers(3, 7), st.sampled_from([2.0, 10.0]))
def test_outliers_are_those_of_plain_python(prices: list[float], ticks: int, deviations: float) -> None:
    params = OutlierParams(ticks=ticks, deviations=deviations)
    usual = [median(prices[at - ticks : at]) if at >= ticks else 0.0 for at in range(len(prices))]
    off = [abs(price - m) for price, m in zip(prices, usual, strict=True)]
    expected = [False] * len(prices)
    for at in range(2 * ticks, len(prices)):
        band = max(deviations * 1.4826 * median(off[at - ticks : at]), 0.005 * abs(usual[at]))
        expected[at] = off[at] > band
    assert rejected(prices, "outlier", **params.model_dump()) == expected


def test_oil_may_be_negative() -> None:
    prices = [1.2, 0.3, 0.01, -0.4, -1.5, -5.0, -12.0, -20.0, -30.1, -37.63, -36.0, -35.2]
    assert not any(rejected(prices, "unit_slip"))


def test_a_real_jump_is_believed_after_half_a_window() -> None:
    reasons = rejected([100.0] * 20 + [150.0] * 20, "outlier", ticks=9)
    assert reasons == [False] * 20 + [True] * 5 + [False] * 15


def test_a_run_of_slips_shorter_than_half_the_window_moves_nothing() -> None:
    prices = [2000.0] * 60 + [20.0] * 50 + [2000.0] * 10
    assert rejected(prices, "unit_slip") == [False] * 60 + [True] * 50 + [False] * 10


@pytest.fixture(scope="module")
def associated_british_foods(market_data: Path) -> pl.DataFrame:
    file = RawFile.of(market_data / "lseg_tick_history" / "ABF.L_trades_20230703_20230706.csv.gz")
    return pl.concat(chunk.frame for chunk in lseg.read(file)).sort("ts_event", "seq")


def test_every_pound_among_pence_is_found(associated_british_foods: pl.DataFrame) -> None:
    share = Instrument.parse({"source": "lseg", "symbol": "ABF.L", "rules": ["default", "unit_slip"]}, "by hand")
    days = associated_british_foods.with_columns(day=pl.col("ts_event").dt.date()).partition_by("day")
    ticks = pl.concat(judged(day, chosen(share, "trades")) for day in days)
    pounds = ticks["price"] < 100
    assert pounds.sum() == 234
    assert (ticks["excluded_by"] == "unit_slip").fill_null(value=False).equals(pounds)
