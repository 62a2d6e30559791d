"""Minute bars → the built-in features, all of them at their defaults, and the parts that peers have as well.

Ours are computed over all bars at once (`Bound.evaluate`, without partitions, proofs or storing); every contender keeps
all its columns in memory to the end. Peers make the columns that they have by themselves; ours also those that we add
to them (percent of the close, width and position of bands), as the figure `columns` tells. No contender is asked to
use more than one core.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

from benchmarks.claim import Benchmark, Claim, Contender, Place, Work
from benchmarks.indicators import Works, pandas_windows, polars_talib, talib_loop

if TYPE_CHECKING:
    import polars as pl

MOST = 1_600_000
TALIB = ("sma", "ema", "wma", "macd", "bollinger", "donchian", "true_range", "atr", "rsi", "stochastic", "cci", "adx",
         "momentum", "roc")  # fmt: skip
"""Scripts of which TA-Lib has columns."""
PANDAS = ("sma", "ema", "macd", "bollinger", "donchian", "true_range", "atr", "rsi", "stochastic", "momentum", "roc",
          "log_return", "close_to_close", "realized_volatility", "skew", "kurtosis", "zscore", "rank",
          "autocorrelation", "drawdown", "relative_volume")  # fmt: skip
"""Scripts of which pandas has columns."""
ASKED = {"sma": "sma", "ema": "ema", "macd": "histogram", "bollinger": "upper", "donchian": "lower", "atr": "atr",
         "rsi": "rsi", "stochastic": "d", "momentum": "momentum", "roc": "roc"}  # fmt: skip
"""What all must agree on: the last value of a column of each script that all of them have."""
REAL = ("bitfinex_1m", "BTCUSD_1m_2013.csv.gz")


def _prepare(place: Place) -> None:
    """The bars are made anew by each contender."""


def arrays(rows: int) -> dict[str, Any]:
    """Bars of a random walk of 5 basis points a minute: prices, sizes, quotes and signed volume; the same each time."""
    import numpy as np

    random = np.random.default_rng(0)
    close = 10_000 * np.exp(np.cumsum(random.normal(0, 5e-4, rows)))
    opened = np.concatenate(([10_000.0], close[:-1]))
    high = np.maximum(opened, close) * (1 + random.exponential(2e-4, rows))
    low = np.minimum(opened, close) * (1 - random.exponential(2e-4, rows))
    volume = 1 + np.round(np.exp(random.normal(4, 1, rows)))
    half = close * random.exponential(1e-4, rows)
    return {
        "open": opened, "high": high, "low": low, "close": close, "trades": np.ceil(volume / 20), "volume": volume,
        "mean_size": np.full(rows, 20.0), "max_size": volume / 2, "vwap": (high + low + close) / 3,
        "bid": close - half, "ask": close + half, "mean_spread": 2 * half,
        "signed_volume": volume * random.uniform(-1, 1, rows), "mid_open": opened, "day_high": high, "day_low": low,
    }  # fmt: skip


def bars(rows: int) -> pl.DataFrame:
    """The same as a table of bars, minute after minute from 2020 on."""
    import numpy as np
    import polars as pl

    from trading_ml.core.time import NS

    opens = pl.Series(np.datetime64("2020-01-01", "ns").astype(np.int64) + np.arange(rows) * 60_000_000_000)
    stamps = {"ts_open": opens.cast(NS), "ts_close": (opens + 60_000_000_000).cast(NS)}
    return pl.DataFrame(stamps | arrays(rows))


def real_bars(folder: Path) -> pl.DataFrame:
    """Minute bars of Bitfinex BTCUSD in April 2013: minutes missing, long ties, steps of a tenth."""
    import gzip

    import polars as pl

    names = ["stamp", "open", "close", "high", "low", "volume"]
    with gzip.open(folder.joinpath(*REAL)) as file:
        made = pl.read_csv(file.read(), has_header=False, new_columns=names, n_rows=8_000, infer_schema_length=None)
    return made.select(pl.exclude("stamp").cast(pl.Float64), vwap=pl.col("close").cast(pl.Float64))


def _rows(place: Place) -> int:
    return min(place.ticks // 25, MOST)


def _all(place: Place, who: str, works: Works) -> Mapping[str, Any]:
    """Do all, keep what each makes, note how long each took."""
    kept, took = {}, {}
    for script, work in works.items():
        begun = process_time()
        kept[script] = work()
        took[script] = process_time() - begun
    _noted(place, who).write_text(json.dumps(took))
    answer = sum(float(_last(kept[script][column])) for script, column in ASKED.items())
    return {"scripts": len(kept), "columns": sum(map(len, kept.values())), "answer": answer}


def _last(column: Any) -> float:
    return column.to_numpy()[-1] if hasattr(column, "to_numpy") else column[-1]


def _noted(place: Place, who: str) -> Path:
    return place.folder / f"features_{who}.json"


def _ours(scripts: tuple[str, ...] = (), who: str = "trading_ml") -> Callable[[Place], Work]:
    """Of these scripts; of all by default."""

    def set_up(place: Place) -> Work:
        from trading_ml.core.script import load
        from trading_ml.features import FEATURES

        bounds = {name: load(name, "feature").bind({}) for name in scripts or FEATURES}
        table = bars(_rows(place))
        for bound in bounds.values():
            bound.evaluate(table.head(1_000))  # imports and compiles
        works = {name: lambda bound=bound: bound.evaluate(table).to_dict() for name, bound in bounds.items()}
        return lambda: _all(place, who, works)

    return set_up


def _peer(made: Callable[[Mapping[str, Any]], Works], who: str) -> Callable[[Place], Work]:
    def set_up(place: Place) -> Work:
        columns = arrays(_rows(place))
        for work in made({name: column[:1_000] for name, column in columns.items()}).values():
            work()
        works = made(columns)
        return lambda: _all(place, who, works)

    return set_up


def _tables(place: Place) -> Iterator[str]:
    """What each script took, and how far its values are from TA-Lib's."""
    from benchmarks.agreement import differences, table
    from trading_ml.core.settings import Settings

    yield from _by_script(place)
    rows = _rows(place)
    yield from table(f"largest differences from TA-Lib on {rows:,} simulated bars", differences(bars(rows)))
    folder = Settings().market_data
    if folder.joinpath(*REAL).exists():
        real = real_bars(folder)
        yield from table(f"largest differences from TA-Lib on {len(real):,} bars of Bitfinex BTCUSD", differences(real))


def _by_script(place: Place) -> Iterator[str]:
    took = {who: json.loads(path.read_text()) for who in WHO if (path := _noted(place, who)).exists()}
    yield from ("#### milliseconds of CPU of each script, slowest first", "", f"| | {' | '.join(took)} |")
    yield "| --- |" + " ---: |" * len(took)
    ours = took["trading_ml"]
    for script in sorted(ours, key=ours.__getitem__, reverse=True):
        cells = (f"{each[script] * 1000:,.0f}" if script in each else "" for each in took.values())
        yield f"| {script} | {' | '.join(cells)} |"
    yield ""


WHO = ("trading_ml", "talib", "polars_talib", "pandas")
OF_TALIB, OF_PANDAS = "trading_ml, TA-Lib's", "trading_ml, pandas'"
BENCHMARK = Benchmark(
    f"{MOST:,} minute bars → all built-in features at their defaults, and those that peers have",
    _prepare,
    {
        "trading_ml": Contender(_ours()),
        OF_TALIB: Contender(_ours(TALIB, "of_talib")),
        "talib": Contender(_peer(talib_loop, "talib")),
        "polars_talib": Contender(_peer(polars_talib, "polars_talib"), module="polars_talib"),
        OF_PANDAS: Contender(_ours(PANDAS, "of_pandas")),
        "pandas": Contender(_peer(pandas_windows, "pandas")),
    },
    (
        Claim("features that TA-Lib has, CPU against a loop over TA-Lib", "cpu", "talib", ours=OF_TALIB),
        Claim("features that TA-Lib has, peak memory against the loop", "peak", "talib", ours=OF_TALIB),
        Claim("features that TA-Lib has, CPU against polars-talib", "cpu", "polars_talib", ours=OF_TALIB),
        Claim("features that TA-Lib has, peak memory against polars-talib", "peak", "polars_talib", ours=OF_TALIB),
        Claim("features that pandas has, CPU against pandas", "cpu", "pandas", ours=OF_PANDAS),
        Claim("features that pandas has, peak memory against pandas", "peak", "pandas", ours=OF_PANDAS),
    ),
    _tables,
)
