"""50,000 ticks at a random place, and the 60 minute bars before a random tick: medians and 99th percentiles in ms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from time import perf_counter, process_time
from typing import Any

from benchmarks import peers
from benchmarks.claim import Benchmark, Claim, Contender, Place, Work
from benchmarks.market import NAME

SLICE = 50_000
DRAWS = 200
CHECKED = 5
"""Draws whose prices everybody has to agree on."""
SECONDS = 12.0
"""After so long a slow contender is asked no more."""
BARS = 60


def _drawn(place: Place) -> Iterator[int]:
    import random

    drawing = random.Random(7)
    return (drawing.randrange(max(place.ticks - SLICE, 1)) for _ in range(DRAWS))


def _latencies(place: Place, fetch: Callable[[int], Any], price: Callable[[Any], float] | None) -> Mapping[str, Any]:
    """What each of the drawn places took, after one that is not counted."""
    fetch(place.ticks // 2)
    took, total, begun, cpu = [], 0.0, perf_counter(), process_time()
    for number, at in enumerate(_drawn(place)):
        start = perf_counter()
        found = fetch(at)
        took.append((perf_counter() - start) * 1000)
        if price and number < CHECKED:
            total += price(found)
        if number >= CHECKED and perf_counter() - begun > SECONDS:
            break
    each = (process_time() - cpu) * 1000 / len(took)
    took.sort()
    figures = {"p50": took[len(took) // 2], "p99": took[int(len(took) * 0.99)], "cpu each": each}
    return figures | {"answer": total} if price else figures


def _ours(place: Place) -> Work:
    from trading_ml.ticks import Ticks

    begun = perf_counter()
    ticks = Ticks.open(NAME, data=place.root)
    opened = (perf_counter() - begun) * 1000
    return lambda: {
        **_latencies(place, lambda at: ticks[at : at + SLICE], lambda found: found["price"].sum()),
        "open": opened,
    }


def _polars(place: Place) -> Work:
    import polars as pl

    def fetch(at: int) -> pl.DataFrame:
        return pl.scan_parquet(peers.pattern(place)).slice(at, SLICE).collect()

    return lambda: _latencies(place, fetch, lambda found: found["price"].sum())


def _duckdb(place: Place) -> Work:
    connection = peers.connected()
    query = f"FROM read_parquet('{peers.pattern(place)}') LIMIT {SLICE} OFFSET "

    def fetch(at: int) -> Any:
        return connection.sql(query + str(at)).pl()

    return lambda: _latencies(place, fetch, lambda found: found["price"].sum())


def _arctic(place: Place) -> Work:
    library = peers.arctic(place)

    def fetch(at: int) -> Any:
        return library.read("ticks", row_range=(at, at + SLICE)).data

    return lambda: _latencies(place, fetch, lambda found: float(found["price"].sum()))


def _our_bars(place: Place) -> Work:
    from trading_ml.ticks import Ticks

    peers.prepare(place)
    ticks = Ticks.open(NAME, data=place.root)
    return lambda: _latencies(place, lambda at: ticks.get_bars(at, BARS, "minute"), None)


def _polars_bars(place: Place) -> Work:
    """Of the tick's own day, so it does less; ticks of one day are told by their stamps, which row groups know."""
    from datetime import timedelta

    import polars as pl

    def fetch(at: int) -> pl.DataFrame:
        ticks = pl.scan_parquet(peers.pattern(place))
        ends = ticks.slice(at, 1).select("ts_event").collect().item().replace(second=0, microsecond=0)
        near = pl.col("ts_event").is_between(ends - timedelta(minutes=BARS), ends, closed="left")
        price, size = pl.col("price"), pl.col("size")
        bars = ticks.filter(near, pl.col("excluded_by").is_null()).group_by_dynamic("ts_event", every="1m")
        return bars.agg(
            price.first().alias("open"), price.max().alias("high"), price.min().alias("low"),
            price.last().alias("close"), pl.len(), size.sum().alias("volume"), size.mean(), size.max().alias("largest"),
        ).collect()  # fmt: skip

    return lambda: _latencies(place, fetch, None)


BENCHMARK = Benchmark(
    f"{SLICE:,} ticks at a random place",
    peers.prepare,
    {
        "trading_ml": Contender(_ours),
        "polars": Contender(_polars),
        "duckdb": Contender(_duckdb),
        "arcticdb": Contender(_arctic, peers.ARCTIC_MOST, "arcticdb"),
        "trading_ml get_bars": Contender(_our_bars),
        "polars get_bars": Contender(_polars_bars),
    },
    (
        Claim("random 50k ticks against a naive Polars slice, p50", "p50", "polars", at_most=0.5),
        Claim("the same, p99", "p99", "polars", at_most=0.5),
        Claim("the same, CPU", "cpu each", "polars", at_most=0.5),
        Claim("random 50k ticks against DuckDB's offset, p50", "p50", "duckdb", at_most=0.5),
        Claim("the same, CPU", "cpu each", "duckdb", at_most=0.5),
        Claim("random 50k ticks (nine columns) against ArcticDB's row_range (three), p50", "p50", "arcticdb"),
        Claim("60 minute bars at a random tick, p50", "p50", "polars get_bars", ours="trading_ml get_bars"),
        Claim("the same, p99", "p99", "polars get_bars", ours="trading_ml get_bars"),
        Claim("the same, CPU", "cpu each", "polars get_bars", ours="trading_ml get_bars"),
    ),
)
