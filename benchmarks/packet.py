"""One tick as JSON, with the fields of the raw line it was made from, word for word.

`far` is one at a random place, `near` the tick after it. The raw line lies in a csv.gz, in which nobody can jump: far
means unpacking up to there.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from benchmarks import peers
from benchmarks.claim import Benchmark, Claim, Contender, Place, Work
from benchmarks.market import HEADER, NAME, write_raw

DRAWS = 5


def _prepare(place: Place) -> None:
    from trading_ml.core.instruments import instrument
    from trading_ml.core.lake import Lake
    from trading_ml.ticks import merge, uploads

    lake = Lake(_place(place).root)
    for path in _raw(place):
        known = uploads.announce(lake, path, "lseg")
        days = {part.date for part in uploads.parse(lake, known.id).partitions}
        merge.build_dates(lake, instrument(NAME), days, "trades")


def _place(place: Place) -> Place:
    """A lake of its own, whose ticks have raw lines."""
    return Place(place.folder / "packets", place.raw, place.raw)


def _raw(place: Place) -> Any:
    return write_raw(place.folder / "packets" / f"raw_{place.raw}", place.raw)


def _timed(place: Place, packet: Callable[[int], Mapping[str, Any]]) -> Mapping[str, Any]:
    drawing = random.Random(7)
    near, far, volume = [], [], 0.0
    for _ in range(DRAWS):
        at = drawing.randrange(place.raw - 1)
        for times, position in ((far, at), (near, at + 1)):
            begun = perf_counter()
            told = packet(position)
            json.dumps(told)
            times.append((perf_counter() - begun) * 1000)
            volume += float(told["fields"]["Volume"])
    return {"near": sorted(near)[DRAWS // 2], "far": sorted(far)[DRAWS // 2], "answer": volume}


def _ours(place: Place) -> Work:
    from trading_ml.ticks import Ticks

    ticks = Ticks.open(NAME, data=_place(place).root)
    return lambda: _timed(place, ticks.packet)


def _polars(place: Place) -> Work:
    import polars as pl

    (path,) = _raw(place)
    ticks = pl.col("ts_event").dt.to_string("iso:strict")

    def packet(at: int) -> Mapping[str, Any]:
        tick = (
            pl.scan_parquet(peers.pattern(_place(place))).slice(at, 1).with_columns(ticks).collect().row(0, named=True)
        )
        line = pl.scan_csv(path, infer_schema=False).slice(tick["row"] - 2, 1).collect()
        return {**tick, "fields": line.row(0, named=True)}

    return lambda: _timed(place, packet)


def _duckdb(place: Place) -> Work:
    connection = peers.connected()
    (path,) = _raw(place)
    names = dict.fromkeys(HEADER.split(","), "VARCHAR")

    def packet(at: int) -> Mapping[str, Any]:
        stored = f"FROM read_parquet('{peers.pattern(_place(place))}') SELECT row, price, size LIMIT 1 OFFSET {at}"
        row, price, size = connection.sql(stored).fetchall()[0]
        lines = f"read_csv('{path}', header = true, columns = {names})"
        cells = connection.sql(f"FROM {lines} LIMIT 1 OFFSET {row - 2}").fetchall()[0]
        return {"row": row, "price": price, "size": size, "fields": dict(zip(names, cells, strict=True))}

    return lambda: _timed(place, packet)


BENCHMARK = Benchmark(
    "one tick as JSON, with its raw line",
    _prepare,
    {"trading_ml": Contender(_ours), "polars": Contender(_polars), "duckdb": Contender(_duckdb)},
    (
        Claim("one tick as JSON, next to the last one, against Polars", "near", "polars", at_most=0.5),
        Claim("one tick as JSON at a random place against Polars", "far", "polars"),
        Claim("one tick as JSON at a random place against DuckDB", "far", "duckdb"),
    ),
)
