"""Alpha158 of daily bars of many symbols, against pyqlib, which must be named by `BENCHMARKS_PYTHON_QLIB`.

Both read the same single-precision prices from files of their own kind, symbol after symbol in one thread, and end
with one table of all symbols in memory, in single precision as qlib's is. Where its operators leave it so, qlib
computes in single precision; ours are double. So values are compared twice: with qlib as it comes, and with qlib's own
operators over the same prices as doubles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.claim import Benchmark, Claim, Contender, Place, Work

SYMBOLS = 800
COMPARED = 20
"""Symbols of which all values are compared."""
FIRST, LAST = "2007-01-01", "2020-12-31"
FIELDS = ("open", "high", "low", "close", "volume", "vwap")
WARM_UP = 60
"""Days that are not compared: qlib has values before a window is full."""
QLIB = ("as it comes", "over doubles")
FLAT = slice(500, 580)
"""Days on which the second symbol does not move."""


def _days() -> Any:
    import numpy as np

    days = np.arange(FIRST, np.datetime64(LAST) + 1, dtype="datetime64[D]")
    return days[np.is_busday(days)]


def _symbols(place: Place) -> list[str]:
    return [f"S{number:04d}" for number in range(max(2, min(place.ticks // 50_000, SYMBOLS)))]


def _store(place: Place) -> Path:
    return place.folder / f"qlib_{len(_symbols(place))}"


def _prices(number: int, rows: int) -> dict[str, Any]:
    """Daily bars with fat tails, days without a change, and of one symbol a halt."""
    import numpy as np

    random = np.random.default_rng(number)
    returns = random.standard_t(4, rows) * 0.012
    returns[random.random(rows) < 0.03] = 0
    close = 20 * np.exp(np.cumsum(returns) - np.arange(rows) * 1e-4)
    opened = np.append(close[0], close[:-1]) * np.exp(random.normal(size=rows) * 0.004)
    high = np.maximum(opened, close) * np.exp(np.abs(random.normal(size=rows)) * 0.006)
    low = np.minimum(opened, close) * np.exp(-np.abs(random.normal(size=rows)) * 0.006)
    volume = np.round(np.exp(13 + np.cumsum(random.normal(size=rows)) * 0.015 + random.normal(size=rows) * 0.5))
    if number == 1:
        opened[FLAT] = high[FLAT] = low[FLAT] = close[FLAT] = close[FLAT.start - 1]
        volume[FLAT] = 1_000
    made = (opened, high, low, close, volume, (high + low + close) / 3)
    return {name: column.astype("<f4") for name, column in zip(FIELDS, made, strict=True)}


def _prepare(place: Place) -> None:
    """The same prices as qlib's folder of binary files and as a Parquet file for each symbol."""
    import numpy as np
    import polars as pl

    days, symbols, store = _days(), _symbols(place), _store(place)
    for name in ("calendars", "instruments", "features", "parquet"):
        (store / name).mkdir(parents=True, exist_ok=True)
    (store / "calendars" / "day.txt").write_text("\n".join(map(str, days)) + "\n")
    (store / "instruments" / "all.txt").write_text("".join(f"{name}\t{FIRST}\t{LAST}\n" for name in symbols))
    for number, symbol in enumerate(symbols):
        columns, folder = _prices(number, len(days)), store / "features" / symbol.lower()
        folder.mkdir(exist_ok=True)
        for name, column in columns.items():
            np.append(np.float32(0), column).astype("<f4").tofile(folder / f"{name}.day.bin")
        pl.DataFrame({"day": days, **columns}).write_parquet(store / "parquet" / f"{symbol}.parquet")


def _factors(place: Place, symbol: str) -> Any:
    """One symbol's factors by ours, in double precision."""
    import polars as pl

    from trading_ml.core.script import load

    bars = pl.read_parquet(_store(place) / "parquet" / f"{symbol}.parquet", columns=list(FIELDS))
    return load("alpha158", "feature").bind({}).evaluate(bars.cast(pl.Float64))


def _ours(place: Place) -> Work:
    import polars as pl

    symbols = _symbols(place)
    _factors(place, symbols[0])  # imports and compiles

    def work() -> Mapping[str, Any]:
        made = (_factors(place, symbol).cast(pl.Float32).with_columns(symbol=pl.lit(symbol)) for symbol in symbols)
        table = pl.concat(list(made))
        return {"answer": table.height, "factors": table.width - 1}

    return work


def _qlib(place: Place) -> Work:
    import qlib  # pyright: ignore[reportMissingImports]  it has an environment of its own
    from qlib.contrib.data.loader import Alpha158DL  # pyright: ignore[reportMissingImports]
    from qlib.data import D  # pyright: ignore[reportMissingImports]

    once = {"expression_cache": None, "dataset_cache": None, "kernels": 1, "joblib_backend": "threading"}
    qlib.init(provider_uri=str(_store(place)), region="cn", logging_level=30, **once)
    formulas, names = Alpha158DL.get_feature_config()
    symbols = _symbols(place)

    def features(of: list[str]) -> Any:
        return D.features(of, formulas, FIRST, LAST, freq="day").set_axis(names, axis=1)

    features(symbols[:COMPARED]).to_parquet(_values(place, "as it comes"))
    _over_doubles(symbols[:COMPARED], dict(zip(names, formulas, strict=True))).to_parquet(
        _values(place, "over doubles")
    )

    def work() -> Mapping[str, Any]:
        table = features(symbols)
        return {"answer": len(table), "factors": table.shape[1]}

    return work


def _over_doubles(symbols: list[str], formulas: Mapping[str, str]) -> Any:
    """The expressions and operators of qlib, over columns that are widened as they are read."""
    from unittest.mock import patch

    import pandas as pd
    from qlib.data import data  # pyright: ignore[reportMissingImports]
    from qlib.data.cache import H  # pyright: ignore[reportMissingImports]

    inner, last = data.LocalFeatureProvider.feature, len(_days()) - 1
    with patch.object(data.LocalFeatureProvider, "feature", lambda *args: inner(*args).astype(float)):
        H["f"].clear()
        found = {}
        for symbol in symbols:
            columns = {
                name: data.ExpressionD.get_expression_instance(formula).load(symbol, 0, last, "day").astype(float)
                for name, formula in formulas.items()
            }
            found[symbol] = pd.DataFrame(columns)
            H["f"].clear()
    return pd.concat(found, names=["instrument", "row"])


def _values(place: Place, which: str) -> Path:
    return _store(place) / f"qlib {which}.parquet"


def _tables(place: Place) -> Iterator[str]:
    """Largest differences of each group of factors, where qlib ran."""
    import polars as pl

    found = {which: pl.read_parquet(path) for which in QLIB if (path := _values(place, which)).exists()}
    if not found:
        yield "pyqlib did not run: no values to compare\n"
        return
    symbols, rows = _symbols(place)[:COMPARED], len(_days())
    ours = pl.concat([_factors(place, symbol).with_columns(row=pl.int_range(pl.len())) for symbol in symbols])
    full = pl.Series(ours["row"] >= WARM_UP)
    sizes = f"{len(symbols)} symbols of {rows:,} days, the first {WARM_UP} left out"
    yield f"#### largest differences from pyqlib over {sizes}"
    heads = "".join(f" qlib {which} | over rms | only ours | only qlib |" for which in found)
    yield from ("", f"| factors | values |{heads}", "| --- | ---: |" + " ---: |" * (4 * len(found)))
    for group, names in _groups(ours.columns).items():
        told = [_difference(ours.filter(full), theirs.filter(full), names) for theirs in found.values()]
        yield f"| {group} | {told[0][0]:,} | " + " | ".join(cell for _, cells in told for cell in cells) + " |"
    yield ""


def _groups(names: list[str]) -> Mapping[str, list[str]]:
    """Factors that differ in their window alone."""
    groups: dict[str, list[str]] = {}
    for name in names:
        if name != "row":
            group = name if name[-1] in "02" and not name[-2].isdigit() else name.rstrip("0123456789")
            groups.setdefault(group, []).append(name)
    return groups


def _difference(ours: Any, theirs: Any, names: list[str]) -> tuple[int, list[str]]:
    """How many values both have; the largest difference, the same over the root mean square, what one alone has."""
    import numpy as np

    a, b = (np.column_stack([table[name].cast(float).to_numpy() for name in names]) for table in (ours, theirs))
    known = np.isfinite(a), np.isfinite(b)
    both = known[0] & known[1]
    largest, size = np.abs(a - b)[both].max(), np.sqrt(np.mean(b[both] ** 2))
    alone = ((known[at] & ~both).sum() for at in (0, 1))
    return int(both.sum()), [f"{largest:.1g}", f"{largest / size:.1g}", *(f"{count:,}" for count in alone)]


BENCHMARK = Benchmark(
    f"alpha158 of {SYMBOLS} symbols' daily bars from {FIRST} to {LAST}",
    _prepare,
    {"trading_ml": Contender(_ours), "pyqlib": Contender(_qlib, module="qlib")},
    (
        Claim("alpha158, CPU against pyqlib", "cpu", "pyqlib"),
        Claim("alpha158, wall time against pyqlib in one thread", "wall", "pyqlib"),
        Claim("alpha158, peak memory against pyqlib", "peak", "pyqlib"),
    ),
    _tables,
)
