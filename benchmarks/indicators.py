"""What peers have of the built-in features: the same columns by the same names, as one would write them there.

Each function takes the bars' columns as arrays, opens what it needs, and returns one piece of work for each script.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Columns = Mapping[str, Any]
Works = Mapping[str, Callable[[], Columns]]


def talib_loop(bars: Columns) -> Works:
    """TA-Lib over NumPy arrays."""
    import talib as ta

    high, low, close = (bars[name] for name in ("high", "low", "close"))
    named = lambda names, values: dict(zip(names, values, strict=True))
    return {
        "sma": lambda: {"sma": ta.SMA(close, 20)},
        "ema": lambda: {"ema": ta.EMA(close, 20)},
        "wma": lambda: {"wma": ta.WMA(close, 20)},
        "macd": lambda: named(("macd", "signal", "histogram"), ta.MACD(close, 12, 26, 9)),
        "bollinger": lambda: named(("upper", "middle", "lower"), ta.BBANDS(close, 20, 2, 2)),
        "donchian": lambda: {"upper": ta.MAX(high, 20), "lower": ta.MIN(low, 20)},
        "true_range": lambda: {"true_range": ta.TRANGE(high, low, close)},
        "atr": lambda: {"atr": ta.ATR(high, low, close, 14)},
        "rsi": lambda: {"rsi": ta.RSI(close, 14)},
        "stochastic": lambda: named(("k", "d"), ta.STOCH(high, low, close, 14, 3, slowd_period=3)),
        "cci": lambda: {"cci": ta.CCI(high, low, close, 20)},
        "adx": lambda: {
            "adx": ta.ADX(high, low, close, 14),
            "plus_di": ta.PLUS_DI(high, low, close, 14),
            "minus_di": ta.MINUS_DI(high, low, close, 14),
        },
        "momentum": lambda: {"momentum": ta.MOM(close, 10)},
        "roc": lambda: {"roc": ta.ROC(close, 10)},
    }


def polars_talib(bars: Columns) -> Works:
    """The same as expressions of polars-talib, one `select` for each script."""
    import polars as pl
    import polars_talib as ta  # pyright: ignore[reportMissingImports]  it has an environment of its own

    frame = pl.DataFrame({name: bars[name] for name in ("high", "low", "close")})
    high, low, close = (pl.col(name) for name in ("high", "low", "close"))
    prices = (high, low, close)
    lines = {"macd": "macd", "signal": "macdsignal", "histogram": "macdhist"}
    bands = {"upper": "upperband", "middle": "middleband", "lower": "lowerband"}

    def select(**expressions: Any) -> Callable[[], Columns]:
        return lambda: frame.select_seq(**expressions).to_dict()

    def fields(made: Any, names: Mapping[str, str]) -> Callable[[], Columns]:
        def work() -> Columns:
            found = frame.select_seq(made.alias("all")).to_series()
            return {ours: found.struct.field(theirs) for ours, theirs in names.items()}

        return work

    return {
        "sma": select(sma=ta.sma(close, 20)),
        "ema": select(ema=ta.ema(close, 20)),
        "wma": select(wma=ta.wma(close, 20)),
        "macd": fields(ta.macd(close, 12, 26, 9), lines),
        "bollinger": fields(ta.bbands(close, 20, 2.0, 2.0), bands),
        "donchian": select(upper=ta.max(high, 20), lower=ta.min(low, 20)),
        "true_range": select(true_range=ta.trange(*prices)),
        "atr": select(atr=ta.atr(*prices, 14)),
        "rsi": select(rsi=ta.rsi(close, 14)),
        "stochastic": fields(ta.stoch(*prices, 14, 3, 0, 3, 0), {"k": "slowk", "d": "slowd"}),
        "cci": select(cci=ta.cci(*prices, 20)),
        "adx": select(adx=ta.adx(*prices, 14), plus_di=ta.plus_di(*prices, 14), minus_di=ta.minus_di(*prices, 14)),
        "momentum": select(momentum=ta.mom(close, 10)),
        "roc": select(roc=ta.roc(close, 10)),
    }


def pandas_windows(bars: Columns) -> Works:
    """The windows of pandas, `rolling` and `ewm`; what takes a call of Python for each window is left out."""
    import pandas as pd

    series = {name: pd.Series(bars[name]) for name in ("high", "low", "close", "volume")}
    return _pandas_indicators(**series) | _pandas_statistics(**series)


def _pandas_indicators(high: Any, low: Any, close: Any, **_: Any) -> dict[str, Callable[[], Columns]]:
    import numpy as np

    wilder = lambda values: values.ewm(alpha=1 / 14, adjust=False).mean()
    ema = lambda values, span: values.ewm(span=span, adjust=False).mean()

    def true_range() -> Any:
        before = close.shift(1)
        return np.fmax(high - low, np.fmax((high - before).abs(), (low - before).abs()))

    def macd() -> Columns:
        line = ema(close, 12) - ema(close, 26)
        signal = ema(line, 9)
        return {"macd": line, "signal": signal, "histogram": line - signal}

    def bollinger() -> Columns:
        window = close.rolling(20)
        middle, reach = window.mean(), 2 * window.std(ddof=0)
        return {"upper": middle + reach, "middle": middle, "lower": middle - reach}

    def rsi() -> Columns:
        moves = close.diff()
        up, down = wilder(moves.clip(lower=0)), wilder((-moves).clip(lower=0))
        return {"rsi": 100 * up / (up + down)}

    def stochastic() -> Columns:
        lowest = low.rolling(14).min()
        k = (100 * (close - lowest) / (high.rolling(14).max() - lowest)).rolling(3).mean()
        return {"k": k, "d": k.rolling(3).mean()}

    return {
        "sma": lambda: {"sma": close.rolling(20).mean()},
        "ema": lambda: {"ema": ema(close, 20)},
        "macd": macd,
        "bollinger": bollinger,
        "donchian": lambda: {"upper": high.rolling(20).max(), "lower": low.rolling(20).min()},
        "true_range": lambda: {"true_range": true_range()},
        "atr": lambda: {"atr": wilder(true_range())},
        "rsi": rsi,
        "stochastic": stochastic,
    }


def _pandas_statistics(high: Any, close: Any, volume: Any, **_: Any) -> dict[str, Callable[[], Columns]]:
    import numpy as np

    def returns() -> Any:
        return np.log(close / close.shift(1))

    def zscore() -> Columns:
        window = close.rolling(20)
        return {"zscore": (close - window.mean()) / window.std()}

    return {
        "momentum": lambda: {"momentum": close.diff(10)},
        "roc": lambda: {"roc": 100 * close.pct_change(10)},
        "log_return": lambda: {"log_return": returns()},
        "close_to_close": lambda: {"close_to_close": returns().rolling(20).std()},
        "realized_volatility": lambda: {"realized_volatility": np.sqrt((returns() ** 2).rolling(20).sum())},
        "skew": lambda: {"skew": returns().rolling(60).skew()},
        "kurtosis": lambda: {"kurtosis": returns().rolling(60).kurt()},
        "zscore": zscore,
        "rank": lambda: {"rank": (close.rolling(20).rank() - 1) / 19},
        "autocorrelation": lambda: {"autocorrelation": returns().rolling(60).corr(returns().shift(1))},
        "drawdown": lambda: {"drawdown": close / high.rolling(100).max() - 1},
        "relative_volume": lambda: {"relative_volume": volume / volume.rolling(20).mean().shift(1)},
    }
