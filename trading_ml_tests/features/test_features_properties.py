"""Features of price and range against TA-Lib, and what always holds of them."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.core.script import load


def evaluate(use: str, bars: pl.DataFrame, **params: object) -> pl.DataFrame:
    return load(use, "feature").bind(params).evaluate(bars)


def talib(bars: pl.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By name, what the scripts say and what TA-Lib says, from where both have forgotten their seeds."""
    import talib as t

    h, lo, c = (bars[name].to_numpy() for name in ("high", "low", "close"))
    says = {
        "true_range": t.TRANGE(h, lo, c), "momentum": t.MOM(c, 10), "roc": t.ROC(c, 10), "ema.ema": t.EMA(c, 20),
        "wma.wma": t.WMA(c, 20), "rsi": t.RSI(c, 14), "cci": t.CCI(h, lo, c, 20), "adx.adx": t.ADX(h, lo, c, 14),
        "adx.plus_di": t.PLUS_DI(h, lo, c, 14), "adx.minus_di": t.MINUS_DI(h, lo, c, 14),
        "donchian.upper": t.MAX(h, 20), "donchian.lower": t.MIN(lo, 20), "atr": t.ATR(h, lo, c, 14),
        **dict(zip(("macd.macd", "macd.signal", "macd.histogram"), t.MACD(c, 12, 26, 9), strict=True)),
        **dict(zip(("bollinger.upper", "bollinger.middle", "bollinger.lower"), t.BBANDS(c, 20, 2, 2), strict=True)),
        **dict(zip(("stochastic.k", "stochastic.d"), t.STOCH(h, lo, c, 14, 3, 0, 3, 0), strict=True)),
    }  # fmt: skip
    found = {}
    for name, theirs in says.items():
        use, _, column = name.partition(".")
        found[name] = (evaluate(use, bars)[column or use].to_numpy()[1000:], theirs[1000:])
    return found


def test_talib_agrees_once_seeds_are_forgotten() -> None:
    """On bars that never rest: what is said of bars at rest is tested above."""
    random = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(random.normal(size=4000) / 1000))
    top, bottom = random.exponential(0.1, (2, 4000))
    bars = pl.DataFrame({"high": close + top, "low": close - bottom, "close": np.round(close, 2)})
    bars = bars.with_columns(
        pl.max_horizontal("high", "close").alias("high"), pl.min_horizontal("low", "close").alias("low")
    )
    for name, (ours, theirs) in talib(bars).items():
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9, err_msg=name)


@st.composite
def markets(draw: st.DrawFn) -> pl.DataFrame:
    """Bars with ties and flat stretches among them."""
    price = st.one_of(st.sampled_from([1.0, 1.5, 2.0]), st.floats(0.5, 500))
    rows = draw(st.lists(st.tuples(price, price, price, price, st.integers(1, 9)), min_size=1, max_size=25))
    bars = [(o, max(o, h, lo, c), min(o, h, lo, c), c) for o, h, lo, c, times in rows for _ in range(times)]
    return pl.DataFrame(bars, schema=["open", "high", "low", "close"], orient="row")


@settings(max_examples=60)
@given(bars=markets(), period=st.integers(2, 20))
def test_bands_are_ordered_and_shares_are_shares(bars: pl.DataFrame, period: int) -> None:
    for use in ("bollinger", "donchian", "keltner"):
        found = evaluate(use, bars, period=period).drop_nulls()
        assert (found["lower"] <= found["middle"]).all()
        assert (found["middle"] <= found["upper"]).all()
    for use, top in (("rsi", 100), ("stochastic", 100), ("adx", 100)):
        for column in evaluate(use, bars, period=period).iter_columns():
            assert column.drop_nulls().is_between(-1e-9, top + 1e-9).all(), use
    assert evaluate("donchian", bars, period=period)["position"].drop_nulls().is_between(0, 1).all()
    candle = evaluate("candle", bars)
    whole = candle.select(pl.col("body").abs() + pl.col("upper_shadow") + pl.col("lower_shadow")).to_series()
    assert all(
        abs(total - (high > low)) < 1e-9 for total, high, low in zip(whole, bars["high"], bars["low"], strict=True)
    )


SCALE_FREE = ("rsi", "stochastic", "cci", "adx", "roc", "candle", "relative_to_last")


@settings(max_examples=40)
@given(bars=markets(), power=st.integers(-40, 40))
def test_the_price_level_is_no_matter(bars: pl.DataFrame, power: int) -> None:
    """Scaled by a power of two nothing is rounded: relative columns are equal to the bit, prices scale."""
    scaled = bars.with_columns(pl.all() * 2.0**power)
    for use in SCALE_FREE:
        assert evaluate(use, scaled).equals(evaluate(use, bars)), use
    for use in ("ema", "wma", "macd", "bollinger", "donchian", "keltner"):
        before, after = evaluate(use, bars), evaluate(use, scaled)
        for column in before.columns:
            relative = column.endswith("_pct") or column == "position"
            assert after[column].equals(before[column] if relative else before[column] * 2.0**power), (use, column)
