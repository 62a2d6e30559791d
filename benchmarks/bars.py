"""Ticks → stored 1-minute bars. The bare scan only reads time, price and size of the same files, and drops them.

Polars' own group_by_dynamic and pandas (all at once, as one would write it, and day by day, as one would then have to)
make open, high, low, close, trades and volume; ours also mean and largest size and the mean price by volume.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmarks import peers
from benchmarks.claim import Benchmark, Claim, Contender, Place, Work
from benchmarks.market import NAME

if TYPE_CHECKING:
    import pandas as pd

MINUTE = "1m"


def _ours(place: Place) -> Work:
    return _building(place, 1)


def _quarter(place: Place) -> Work:
    return _building(place, 4)


def _building(place: Place, share: int) -> Work:
    """Bars of one in `share` days, the first ones."""
    import shutil

    from trading_ml.bars.params import BarParams
    from trading_ml.bars.table import build
    from trading_ml.core.instruments import instrument
    from trading_ml.core.lake import Lake

    peers.prepare(place)  # nothing is left to make; it loads the kernels
    lake, params = Lake(place.root), BarParams(every=MINUTE)
    shutil.rmtree(lake.path("bars"), ignore_errors=True)
    ticks = lake.table("ticks", "trades")
    days = ticks.dates(NAME)
    days = days[: -(-len(days) // share)]
    rows = sum(receipt.rows for day in days if (receipt := ticks.receipt(NAME, day)))

    def work() -> Mapping[str, Any]:
        bars = sum(receipt.rows for receipt in build(lake, instrument(NAME), params, days).values())
        return {"rows": rows} | ({"answer": bars} if share == 1 else {})

    return work


def _scan(place: Place) -> Work:
    from concurrent.futures import ThreadPoolExecutor

    import polars as pl

    paths = peers.files(place)

    def work() -> Mapping[str, Any]:
        with ThreadPoolExecutor(2) as pool:
            read = pool.map(lambda path: pl.read_parquet(path, columns=list(peers.COLUMNS)).height, paths)
            return {"rows": sum(read)}

    return work


def _duckdb(place: Place) -> Work:
    connection = peers.connected()
    query = f"""
        COPY (SELECT time_bucket(INTERVAL '1 minute', ts_event::TIMESTAMPTZ) AS ts_open, arg_min(price, seq) AS open,
              max(price) AS high, min(price) AS low, arg_max(price, seq) AS close, count(*) AS trades,
              sum(size) AS volume FROM read_parquet('{peers.pattern(place)}') WHERE excluded_by IS NULL GROUP BY 1)
        TO '{place.folder / "duckdb_bars.parquet"}' (FORMAT parquet)"""

    def work() -> Mapping[str, Any]:
        connection.execute(query)
        made = f"SELECT count(*) FROM '{place.folder / 'duckdb_bars.parquet'}'"
        return {"answer": connection.sql(made).fetchall()[0][0], "rows": place.ticks}

    return work


def _pandas(place: Place) -> Work:
    """Before the bars it reads: the process is measured whole, so nothing is gained by opening first."""
    import pandas as pd

    def work() -> Mapping[str, Any]:
        ticks = pd.concat([_pandas_read(path) for path in peers.files(place)])
        bars = _resampled(ticks)
        bars.to_parquet(place.folder / "pandas_bars.parquet")
        return {"answer": len(bars), "rows": place.ticks}

    return work


def _pandas_by_day(place: Place) -> Work:
    import pandas as pd

    def work() -> Mapping[str, Any]:
        bars = pd.concat([_resampled(_pandas_read(path)) for path in peers.files(place)])
        bars.to_parquet(place.folder / "pandas_bars.parquet")
        return {"answer": len(bars), "rows": place.ticks}

    return work


def _pandas_read(path: Any) -> pd.DataFrame:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        ticks = file.read([*peers.COLUMNS, "excluded_by"]).to_pandas()
    return ticks[ticks["excluded_by"].isna()].set_index("ts_event")


def _resampled(ticks: pd.DataFrame) -> pd.DataFrame:
    minutes = ticks.resample("1min")
    bars = minutes["price"].ohlc()
    bars["trades"], bars["volume"] = minutes["price"].count(), minutes["size"].sum()
    return bars[bars["trades"] > 0]


def _arctic(place: Place) -> Work:
    from arcticdb import QueryBuilder  # pyright: ignore[reportMissingImports]  it has an environment of its own

    library = peers.arctic(place)
    wanted = {"open": "first", "high": "max", "low": "min", "close": "last", "trades": "count"}
    aggregation: dict[str, Any] = {name: ("price", how) for name, how in wanted.items()} | {"volume": ("size", "sum")}

    def work() -> Mapping[str, Any]:
        bars = library.read("ticks", query_builder=QueryBuilder().resample("1min").agg(aggregation)).data
        library.write("bars", bars)
        return {"bars": len(bars), "rows": place.ticks}  # of all ticks: it does not hold which are excluded

    return work


BENCHMARK = Benchmark(
    "ticks → stored 1-minute bars",
    peers.prepare,
    {
        "trading_ml": Contender(_ours),
        "bare scan": Contender(_scan),
        "duckdb": Contender(_duckdb),
        "pandas": Contender(_pandas, 60_000_000),
        "pandas by day": Contender(_pandas_by_day),
        "trading_ml, a quarter": Contender(_quarter),
        "arcticdb": Contender(_arctic, peers.ARCTIC_MOST, "arcticdb"),
    },
    (
        Claim("bars, CPU against the bare three-column scan", "cpu", "bare scan", at_most=1.8),
        Claim("bars, times faster than pandas, whole process", "whole_wall", "pandas", at_least=1.3),
        Claim("bars, peak memory against pandas", "peak", "pandas", at_most=0.75),
        Claim("bars, times faster than pandas day by day, whole process", "whole_wall", "pandas by day", at_least=1.3),
        Claim("bars, CPU against pandas day by day, whole process", "whole_cpu", "pandas by day"),
        Claim("bars, peak memory against pandas day by day", "peak", "pandas by day"),
        Claim("bars, peak memory against that of a quarter of the ticks", "peak", "trading_ml, a quarter", at_most=1.3),
        Claim("bars, CPU against duckdb time_bucket", "cpu", "duckdb"),
        Claim("bars, peak memory against duckdb", "peak", "duckdb"),
        Claim("bars, CPU against ArcticDB resample", "cpu", "arcticdb"),
    ),
)
