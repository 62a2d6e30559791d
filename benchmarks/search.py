"""Which ticks carry a qualifier: how many, and the positions of all of them in the sequence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from benchmarks import peers
from benchmarks.claim import Benchmark, Claim, Contender, Place, Work
from benchmarks.market import NAME

WORD = "CAN"
"""On one tick in 2,000."""


def _both(count: Callable[[], int], positions: Callable[[], int]) -> Mapping[str, Any]:
    begun = perf_counter()
    matches = count()
    counted = perf_counter()
    last = positions()
    return {"count": (counted - begun) * 1000, "positions": (perf_counter() - counted) * 1000, "answer": matches + last}


def _ours(place: Place) -> Work:
    from trading_ml.ticks import Ticks

    def work() -> Mapping[str, Any]:
        ticks = Ticks.open(NAME, data=place.root)
        found = ticks.search(WORD)
        return _both(lambda: found.count, lambda: int(found.positions[-1]))

    return work


def _polars(place: Place) -> Work:
    import polars as pl

    ticks = pl.scan_parquet(peers.pattern(place), row_index_name="position")
    matching = pl.col("conditions").str.contains(WORD)

    def count() -> int:
        return ticks.select(matching.sum()).collect(engine="streaming").item()

    def last() -> int:
        return ticks.filter(matching).select("position").collect(engine="streaming")["position"][-1]

    return lambda: _both(count, last)


def _duckdb(place: Place) -> Work:
    connection = peers.connected()
    ticks = f"read_parquet('{peers.pattern(place)}')"

    def count() -> int:
        return connection.sql(f"SELECT count(*) FROM {ticks} WHERE conditions LIKE '%{WORD}%'").fetchall()[0][0]

    def last() -> int:
        """Rows are numbered in each file, so the files' own lengths have to be added."""
        numbered = f"read_parquet('{peers.pattern(place)}', file_row_number = true)"
        sizes = f"SELECT file_name, num_rows FROM parquet_file_metadata('{peers.pattern(place)}')"
        starts = f"SELECT file_name, sum(num_rows) OVER (ORDER BY file_name) - num_rows AS start FROM ({sizes})"
        found = connection.sql(
            f"SELECT start + file_row_number AS position FROM {numbered} JOIN ({starts}) ON filename = file_name"
            f" WHERE conditions LIKE '%{WORD}%' ORDER BY position"
        )
        return int(found.fetchall()[-1][0])

    return lambda: _both(count, last)


BENCHMARK = Benchmark(
    "search for a qualifier that one tick in 2,000 has",
    peers.prepare,
    {"trading_ml": Contender(_ours), "polars": Contender(_polars), "duckdb": Contender(_duckdb)},
    (
        Claim("count of matches against Polars", "count", "polars", at_most=0.5),
        Claim("count of matches against DuckDB", "count", "duckdb", at_most=0.5),
        Claim("positions of matches against Polars", "positions", "polars"),
        Claim("positions of matches against DuckDB", "positions", "duckdb"),
        Claim("count and positions, CPU against Polars", "cpu", "polars"),
        Claim("count and positions, CPU against DuckDB", "cpu", "duckdb"),
    ),
)
