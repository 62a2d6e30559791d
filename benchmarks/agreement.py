"""The built-in features against TA-Lib's own functions: the largest difference of every column that both have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import polars as pl

SEED = 1_000
"""Bars after which running means of 26 bars and fewer have forgotten what they were seeded with."""
AT_REST = 14
"""Bars; where the price stands still for so many, some features say 50 or 0 and TA-Lib what it said last, or 0."""


class Counterpart(NamedTuple):
    """What TA-Lib has for a column of a feature at its defaults.

    Attributes:
        column: `script.column`.
        called: The function or formula in TA-Lib's words.
        values: Computes it from arrays by name.
        settled: First rows that are not compared, for the two begin otherwise.
        moved: Rows after a standstill of `AT_REST` bars that are not compared, for the two mean something else there.
    """

    column: str
    called: str
    values: Callable[[Any], Any]
    settled: int = 0
    moved: int | None = None


class Difference(NamedTuple):
    """How far a column and its counterpart are apart.

    Attributes:
        rows: Rows in which both have a value, of those compared.
        alone: Rows in which only one of them has.
        absolute: Largest difference.
        relative: The same over the root mean square of TA-Lib's values.
    """

    column: str
    called: str
    rows: int
    alone: int
    absolute: float
    relative: float


def counterparts() -> Iterator[Counterpart]:
    """All of them; `b` are the bars' columns."""
    yield from _averages()
    yield from _ranges()
    yield from _oscillators()
    yield from _statistics()


def _averages() -> Iterator[Counterpart]:
    import talib as ta

    yield Counterpart("sma.sma", "SMA", lambda b: ta.SMA(b.close, 20))
    yield Counterpart("ema.ema", "EMA", lambda b: ta.EMA(b.close, 20))
    yield Counterpart("wma.wma", "WMA", lambda b: ta.WMA(b.close, 20))
    for at, name in enumerate(("macd", "signal", "histogram")):
        yield Counterpart(f"macd.{name}", "MACD", lambda b, at=at: ta.MACD(b.close, 12, 26, 9)[at], SEED)
    for at, name in enumerate(("upper", "middle", "lower")):
        yield Counterpart(f"bollinger.{name}", "BBANDS", lambda b, at=at: ta.BBANDS(b.close, 20, 2, 2)[at])
    paid = lambda b: ta.SUM(b.vwap * b.volume, 60)
    yield Counterpart("vwap_deviation.vwap", "SUM(w · v) / SUM(v)", lambda b: paid(b) / ta.SUM(b.volume, 60))


def _ranges() -> Iterator[Counterpart]:
    import talib as ta

    yield Counterpart("donchian.upper", "MAX", lambda b: ta.MAX(b.high, 20))
    yield Counterpart("donchian.lower", "MIN", lambda b: ta.MIN(b.low, 20))
    yield Counterpart("donchian.middle", "MIDPRICE", lambda b: ta.MIDPRICE(b.high, b.low, 20))
    yield Counterpart("drawdown.drawdown", "c / MAX − 1", lambda b: b.close / ta.MAX(b.high, 100) - 1)
    yield Counterpart("true_range.true_range", "TRANGE", lambda b: ta.TRANGE(b.high, b.low, b.close), 1)
    yield Counterpart("atr.atr", "ATR", lambda b: ta.ATR(b.high, b.low, b.close, 14), SEED)
    reach = lambda b: 2 * ta.ATR(b.high, b.low, b.close, 10)
    yield Counterpart("keltner.upper", "EMA + 2 · ATR", lambda b: ta.EMA(b.close, 20) + reach(b), SEED)
    yield Counterpart("keltner.lower", "EMA − 2 · ATR", lambda b: ta.EMA(b.close, 20) - reach(b), SEED)


def _oscillators() -> Iterator[Counterpart]:
    import talib as ta

    stoch = lambda b: ta.STOCH(b.high, b.low, b.close, 14, 3, slowd_period=3)
    yield Counterpart("rsi.rsi", "RSI", lambda b: ta.RSI(b.close, 14), moved=0)
    yield Counterpart("stochastic.k", "STOCH", lambda b: stoch(b)[0], 17, moved=2)
    yield Counterpart("stochastic.d", "STOCH", lambda b: stoch(b)[1], moved=4)
    yield Counterpart("cci.cci", "CCI", lambda b: ta.CCI(b.high, b.low, b.close, 20))
    yield Counterpart("adx.adx", "ADX", lambda b: ta.ADX(b.high, b.low, b.close, 14), SEED, moved=SEED)
    yield Counterpart("adx.plus_di", "PLUS_DI", lambda b: ta.PLUS_DI(b.high, b.low, b.close, 14), moved=0)
    yield Counterpart("adx.minus_di", "MINUS_DI", lambda b: ta.MINUS_DI(b.high, b.low, b.close, 14), moved=0)
    yield Counterpart("momentum.momentum", "MOM", lambda b: ta.MOM(b.close, 10))
    yield Counterpart("roc.roc", "ROC", lambda b: ta.ROC(b.close, 10))


def _statistics() -> Iterator[Counterpart]:
    import numpy as np
    import talib as ta

    def over(function: Callable[..., Any], period: int, *columns: Any) -> Any:
        """TA-Lib loses everything after a NaN, so that the unknown first rows are put aside."""
        first = max(int(np.isnan(column).argmin()) for column in columns)
        known = function(*(column[first:] for column in columns), timeperiod=period)
        return np.concatenate((np.full(first, np.nan), known))

    before = lambda column: np.append(np.nan, column[:-1])
    r = lambda b: np.log(ta.ROCR(b.close, 1))
    sample = np.sqrt(20 / 19)
    yield Counterpart("log_return.log_return", "r = ln ROCR", r)
    deviation = lambda b: over(ta.STDDEV, 20, r(b)) * sample
    yield Counterpart("close_to_close.close_to_close", "STDDEV(r) · √(20/19)", deviation)
    realized = lambda b: np.sqrt(over(ta.SUM, 20, r(b) ** 2))
    yield Counterpart("realized_volatility.realized_volatility", "√SUM(r²)", realized)
    yield Counterpart("autocorrelation.autocorrelation", "CORREL", lambda b: over(ta.CORREL, 60, r(b), before(r(b))))
    score = lambda b: (b.close - ta.SMA(b.close, 20)) / (ta.STDDEV(b.close, 20) * sample)
    yield Counterpart("zscore.zscore", "(c − SMA) / STDDEV · √(19/20)", score)
    busier = lambda b: b.volume / before(ta.SMA(b.volume, 20))
    yield Counterpart("relative_volume.relative_volume", "v / SMA(v) before", busier)
    yield Counterpart("obv.obv", "OBV over 20 bars", lambda b: ta.MOM(ta.OBV(b.close, b.volume), 20))


def differences(bars: pl.DataFrame) -> list[Difference]:
    """Every column that has a counterpart, on these bars."""
    from types import SimpleNamespace

    import numpy as np

    from trading_ml.core.script import load

    names = ("open", "high", "low", "close", "volume", "vwap")
    arrays = SimpleNamespace(**{name: bars[name].to_numpy() for name in names})
    since, found, script, ours = _since_rest(bars), [], "", bars
    for each in counterparts():
        use, column = each.column.split(".")
        if use != script:
            script, ours = use, load(use, "feature").bind({}).evaluate(bars)
        compared = np.arange(bars.height) >= each.settled
        if each.moved is not None:
            compared &= since > each.moved
        a, b = ours[column].to_numpy()[compared], each.values(arrays)[compared]
        both = np.isfinite(a) & np.isfinite(b)
        largest = float(np.abs(a - b)[both].max())
        alone = int((np.isfinite(a) != np.isfinite(b)).sum())
        size = float(np.sqrt(np.mean(b[both] ** 2)))
        found.append(Difference(each.column, each.called, int(both.sum()), alone, largest, largest / size))
    return found


def _since_rest(bars: pl.DataFrame) -> Any:
    """Rows since the last one up to which the price stood still."""
    import polars as pl

    same = lambda name: pl.col(name).rolling_max(AT_REST) == pl.col(name).rolling_min(AT_REST)
    row = pl.int_range(pl.len())
    at_rest = pl.when(same("close") | (same("high") & same("low"))).then(row)
    return bars.select((row - at_rest.forward_fill()).fill_null(pl.len())).to_series().to_numpy()


def table(title: str, found: Iterable[Difference]) -> Iterator[str]:
    """The differences as Markdown."""
    yield from (f"#### {title}", "", "| column | TA-Lib | rows | in one alone | largest difference | over rms |")
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for each in found:
        yield (
            f"| {each.column} | {each.called} | {each.rows:,} | {each.alone:,} |"
            f" {each.absolute:.2g} | {each.relative:.2g} |"
        )
    yield ""
