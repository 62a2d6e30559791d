"""Alpha158 against qlib's operators in plain NumPy: every factor by its published formula, window by window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trading_ml.core.crafted import crafted
from trading_ml.core.errors import BadParams
from trading_ml.core.script import load

Numbers = NDArray[np.float64]
WINDOWS = (5, 10, 20, 30, 60)
FAMILIES = [
    "ROC", "MA", "STD", "BETA", "RSQR", "RESI", "MAX", "MIN", "QTLU", "QTLD", "RANK", "RSV", "IMAX", "IMIN", "IMXD",
    "CORR", "CORD", "CNTP", "CNTN", "CNTD", "SUMP", "SUMN", "SUMD", "VMA", "VSTD", "WVMA", "VSUMP", "VSUMN", "VSUMD",
]  # fmt: skip
OF_THE_BAR = [
    "KMID", "KLEN", "KMID2", "KUP", "KUP2", "KLOW", "KLOW2", "KSFT", "KSFT2", "OPEN0", "HIGH0", "LOW0", "VWAP0",
]  # fmt: skip
BARS = crafted(320)
TINY = 1e-12


def evaluate(bars: pl.DataFrame = BARS, **params: object) -> pl.DataFrame:
    return load("alpha158", "feature").bind(params).evaluate(bars)


def rolling(function: Callable[..., float], n: int, *columns: Numbers) -> Numbers:
    rows = range(n - 1, len(columns[0]))
    values = [function(*(column[row - n + 1 : row + 1] for column in columns)) for row in rows]
    return np.concatenate([np.full(n - 1, np.nan), values])


def ref(x: Numbers, n: int = 1) -> Numbers:
    return np.concatenate([np.full(n, np.nan), x[:-n]])


def line(y: Numbers) -> Numbers:
    """Slope and level of the least-squares line over 1 … n."""
    return np.polyfit(np.arange(1, len(y) + 1), y, 1)


def rsquare(y: Numbers) -> float:
    return np.corrcoef(np.arange(len(y)), y)[0, 1] ** 2 if y.std(ddof=1) > 2e-5 else np.nan


def corr(x: Numbers, y: Numbers) -> float:
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    return np.corrcoef(x, y)[0, 1] if min(x.std(ddof=1), y.std(ddof=1)) > 2e-5 else np.nan


def rank(x: Numbers) -> float:
    return ((x < x[-1]).sum() + ((x == x[-1]).sum() + 1) / 2) / len(x)


def std(x: Numbers, n: int) -> Numbers:
    return rolling(lambda w: w.std(ddof=1), n, x)


def mean(x: Numbers, n: int) -> Numbers:
    return rolling(np.mean, n, x)


def shares(x: Numbers, n: int) -> tuple[Numbers, Numbers, Numbers]:
    """Rises, falls and their difference, over all movement."""
    moves = x - ref(x)
    up, down = (rolling(np.sum, n, np.maximum(sign * moves, 0)) for sign in (1, -1))
    both = rolling(np.sum, n, np.abs(moves)) + TINY
    return up / both, down / both, (up - down) / both


def of_window(bars: pl.DataFrame, n: int) -> dict[str, Numbers]:
    """The factors of windows of n bars, in qlib's order."""
    high, low, close, volume = (bars[name].to_numpy() for name in ("high", "low", "close", "volume"))
    before, moves, sway = ref(close), close - ref(close), np.abs(close / ref(close) - 1) * volume
    top, bottom = rolling(np.max, n, high), rolling(np.min, n, low)
    first_top, first_bottom = rolling(lambda w: w.argmax() + 1, n, high), rolling(lambda w: w.argmin() + 1, n, low)
    rising, falling = (mean(np.where(np.isnan(moves), np.nan, sign * moves > 0), n) for sign in (1, -1))
    traded = np.where(volume > 0, volume + TINY, np.nan)
    level = rolling(lambda y: y[-1] - np.polyval(line(y), len(y)), n, close)
    values = [
        ref(close, n) / close, mean(close, n) / close, std(close, n) / close,
        rolling(lambda y: line(y)[0], n, close) / close, rolling(rsquare, n, close), level / close,
        top / close, bottom / close,
        rolling(lambda w: np.quantile(w, 0.8), n, close) / close,
        rolling(lambda w: np.quantile(w, 0.2), n, close) / close,
        rolling(rank, n, close), (close - bottom) / (top - bottom + TINY),
        first_top / n, first_bottom / n, (first_top - first_bottom) / n,
        rolling(corr, n, close, np.log(volume + 1)), rolling(corr, n, close / before, np.log(volume / ref(volume) + 1)),
        rising, falling, rising - falling, *shares(close, n),
        mean(volume, n) / traded, std(volume, n) / traded, std(sway, n) / (mean(sway, n) + TINY), *shares(volume, n),
    ]  # fmt: skip
    return dict(zip(FAMILIES, values, strict=True))


def of_bar(bars: pl.DataFrame) -> dict[str, Numbers]:
    """The factors of the bar itself, in qlib's order."""
    opened, high, low, close, vwap = (bars[name].to_numpy() for name in ("open", "high", "low", "close", "vwap"))
    upper, lower, body = np.maximum(opened, close), np.minimum(opened, close), high - low + TINY
    values = [
        (close - opened) / opened, (high - low) / opened, (close - opened) / body,
        (high - upper) / opened, (high - upper) / body, (lower - low) / opened, (lower - low) / body,
        (2 * close - high - low) / opened, (2 * close - high - low) / body,
        opened / close, high / close, low / close, vwap / close,
    ]  # fmt: skip
    return dict(zip(OF_THE_BAR, values, strict=True))


def same(ours: pl.Series, theirs: Numbers, skip: int = 0) -> None:
    found = ours.to_numpy()[skip:]
    np.testing.assert_array_equal(np.isnan(found), np.isnan(theirs[skip:]), err_msg=ours.name)
    np.testing.assert_allclose(found, theirs[skip:], rtol=1e-7, atol=1e-9, err_msg=ours.name)


def test_the_names_and_their_order_are_qlibs() -> None:
    assert evaluate().columns == OF_THE_BAR + [f"{family}{n}" for family in FAMILIES for n in WINDOWS]
    assert evaluate().width == 158


def test_factors_of_the_bar() -> None:
    found = evaluate()
    for name, expected in of_bar(BARS).items():
        same(found[name], expected)


@pytest.mark.parametrize("n", [5, 20, 60])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_factors_of_a_window(n: int) -> None:
    found = evaluate(windows=[n])
    assert found.width == 13 + 29
    for family, expected in of_window(BARS, n).items():
        same(found[f"{family}{n}"], expected, skip=n)  # before that, a first change is missing


def test_flat_bars_without_trades_give_nothing_or_nought_and_no_noise() -> None:
    names = ("open", "high", "low", "close", "vwap")
    dead = crafted(300).with_columns(
        *(pl.when(pl.int_range(pl.len()) < 200).then(name).otherwise(pl.lit(7.1)).alias(name) for name in names),
        volume=pl.when(pl.int_range(pl.len()) < 200).then("volume").otherwise(0.0),
    )
    last = evaluate(dead, windows=[20]).row(-1, named=True)
    ones = {"OPEN0", "HIGH0", "LOW0", "VWAP0", "ROC20", "MA20", "MAX20", "MIN20", "QTLU20", "QTLD20"}
    unknown = {"RSQR20", "CORR20", "CORD20", "VMA20", "VSTD20"}
    places = {"RANK20": 0.525, "IMAX20": 0.05, "IMIN20": 0.05}
    assert {name for name, value in last.items() if value is None} == unknown
    assert {name for name, value in last.items() if value == pytest.approx(1, abs=1e-15)} == ones
    assert {name: last[name] for name in places} == pytest.approx(places)
    assert {last[name] for name in last if name not in ones | unknown | set(places)} == {0.0}


@pytest.mark.parametrize("rows", [0, 1, 4])
def test_short_bars_are_no_error(rows: int) -> None:
    found = evaluate(BARS.head(rows))
    assert found.height == rows
    assert found.select(pl.col(r"^(MA|BETA|RANK|CORD|WVMA)\d+$").is_null().all()).row(0) == (True,) * 25


def test_an_unknown_price_costs_its_windows_only() -> None:
    holes = BARS.with_columns(pl.when(pl.int_range(pl.len()) != 100).then(pl.col("open", "high", "low", "close")))
    found = evaluate(holes, windows=[5, 20])
    assert found["BETA20"][99:120].is_null().to_list() == [False] + [True] * 20
    for column in evaluate(windows=[5, 20]).iter_columns():
        same(found[column.name], column.to_numpy(), skip=130)


@pytest.mark.parametrize("windows", [[], [1], "5"])
def test_windows_are_checked(windows: object) -> None:
    with pytest.raises(BadParams, match="alpha158"):
        evaluate(windows=windows)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from([0.5, 4.0]))
def test_units_do_not_matter(seed: int, unit: float) -> None:
    random = np.random.default_rng(seed)
    close = 50 * np.exp(np.cumsum(random.normal(size=90) * 0.02))
    bars = pl.DataFrame({"close": close, "volume": random.lognormal(10, 1, 90)}).with_columns(
        open=pl.col("close") * random.uniform(0.99, 1.01, 90), vwap=pl.col("close") * random.uniform(0.99, 1.01, 90)
    )
    bars = bars.with_columns(
        high=pl.max_horizontal("open", "close") * 1.01, low=pl.min_horizontal("open", "close") * 0.99
    )
    ours = evaluate(bars)
    scaled = evaluate(bars.with_columns(pl.col("open", "high", "low", "close", "vwap") * unit))
    for name in ours.columns:
        same(scaled[name], ours[name].to_numpy())
    within = ours.select(pl.col(r"^(RANK|RSV|IMAX|IMIN|CNT[PN]|V?SUM[PN]|RSQR)\d+$"))
    assert within.max_horizontal().max() <= 1 + 1e-9
    assert within.min_horizontal().min() >= 0
