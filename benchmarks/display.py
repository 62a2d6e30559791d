"""A picture of all ticks in 4,000 points that keeps every spike: `first` with everything opened anew, then `again`.

The peers take the lowest and the highest price of 2,000 equal stretches of time, which also keeps spikes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from benchmarks import peers
from benchmarks.claim import Benchmark, Claim, Contender, Place, Work
from benchmarks.market import NAME

POINTS = 4000


def _prepare(place: Place) -> None:
    from trading_ml.core.instruments import instrument
    from trading_ml.core.lake import Lake
    from trading_ml.ticks import pyramid

    peers.prepare(place)
    lake = Lake(place.root)
    pyramid.build(lake, instrument(NAME), lake.table("ticks", "trades").dates(NAME))


def _twice(draw: Callable[[], float]) -> Mapping[str, Any]:
    times, highest = [], 0.0
    for _ in range(2):
        begun = perf_counter()
        highest = draw()
        times.append((perf_counter() - begun) * 1000)
    return {"first": times[0], "again": times[1], "answer": highest}


def _ours(place: Place) -> Work:
    from trading_ml.ticks import Ticks

    opened: list[Ticks] = []

    def draw() -> float:
        if not opened:
            opened.append(Ticks.open(NAME, data=place.root))
        points = opened[0].display(points=POINTS)
        assert points.height <= POINTS
        return points["price"].max()  # pyright: ignore[reportReturnType]

    return lambda: _twice(draw)


def _polars(place: Place) -> Work:
    import polars as pl

    def draw() -> float:
        ticks = pl.scan_parquet(peers.pattern(place)).filter(pl.col("excluded_by").is_null())
        ts = pl.col("ts_event").to_physical()
        first, last = ticks.select(ts.min(), ts.max().alias("last")).collect().row(0)
        stretch = (ts - first) * (POINTS // 2) // (last - first + 1)
        price = pl.col("price")
        points = ticks.group_by(stretch.alias("stretch")).agg(price.min().alias("low"), price.max().alias("high"))
        return points.collect(engine="streaming")["high"].max()  # pyright: ignore[reportReturnType]

    return lambda: _twice(draw)


def _duckdb(place: Place) -> Work:
    connection = peers.connected()
    ticks = f"read_parquet('{peers.pattern(place)}') WHERE excluded_by IS NULL"

    def draw() -> float:
        stamp = "epoch_us(ts_event::TIMESTAMPTZ)"
        first, last = connection.sql(f"SELECT min({stamp}), max({stamp}) FROM {ticks}").fetchall()[0]
        stretch = f"({stamp} - {first}) * {POINTS // 2} // {last - first + 1}"
        query = f"SELECT {stretch} AS stretch, min(price) AS low, max(price) AS high FROM {ticks} GROUP BY 1"
        return max(high for _, _, high in connection.sql(query).fetchall())

    return lambda: _twice(draw)


BENCHMARK = Benchmark(
    f"a picture of the whole span in {POINTS:,} points",
    _prepare,
    {"trading_ml": Contender(_ours), "polars": Contender(_polars), "duckdb": Contender(_duckdb)},
    (
        Claim("full span in 4,000 points against Polars, first time", "first", "polars", at_most=0.5),
        Claim("the same, again", "again", "polars", at_most=0.5),
        Claim("full span in 4,000 points against DuckDB, first time", "first", "duckdb", at_most=0.5),
        Claim("full span twice, CPU against Polars", "cpu", "polars", at_most=0.5),
        Claim("full span twice, CPU against DuckDB", "cpu", "duckdb", at_most=0.5),
    ),
)
