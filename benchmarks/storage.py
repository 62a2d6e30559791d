"""What a stored tick takes on disk, and how fast price, size and time of all of them are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.claim import Benchmark, Claim, Contender, Place, Work


def _prepare(place: Place) -> None:
    """Beside the lake's files, the same tables as pyarrow writes them when told no more than zstd."""
    import pyarrow.parquet as pq

    peers.prepare(place)
    _plain(place).mkdir(exist_ok=True)
    for path in peers.files(place):
        if not (copy := _plain(place) / path.name).exists():
            with pq.ParquetFile(path) as file:  # not read_table: it would take @ for a partition of a dataset
                pq.write_table(file.read().replace_schema_metadata(None), copy, compression="zstd")


def _plain(place: Place) -> Path:
    return place.folder / f"plain_{place.ticks}"


def _by_polars(path: Path) -> int:
    import polars as pl

    return pl.scan_parquet(path).select(peers.COLUMNS).collect().height


def _by_pyarrow(path: Path) -> int:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        return file.read(list(peers.COLUMNS), use_threads=False).num_rows


def _reading(where: Callable[[Place], Path], read: Callable[[Path], int]) -> Contender:
    def set_up(place: Place) -> Work:
        from concurrent.futures import ThreadPoolExecutor

        paths = sorted(where(place).glob("*.parquet"))
        read(paths[0])
        size = sum(path.stat().st_size for path in paths)

        def work() -> Mapping[str, Any]:
            with ThreadPoolExecutor(2) as pool:
                rows = sum(pool.map(read, paths))
            return {"bytes a row": size / rows, "answer": rows}

        return work

    return Contender(set_up)


def _arctic(place: Place) -> Work:
    library = peers.arctic(place)

    def work() -> Mapping[str, Any]:
        rows = len(library.read("ticks").data)
        return {"bytes a row": peers.arctic_bytes(place) / rows, "answer": rows}

    return work


BENCHMARK = Benchmark(
    "stored ticks: size, and reading three columns of all of them",
    _prepare,
    {
        "trading_ml": _reading(peers.folder, _by_polars),
        "pyarrow zstd": _reading(_plain, _by_polars),
        "trading_ml by pyarrow": _reading(peers.folder, _by_pyarrow),
        "pyarrow zstd by pyarrow": _reading(_plain, _by_pyarrow),
        "arcticdb (3 columns)": Contender(_arctic, peers.ARCTIC_MOST, "arcticdb"),
    },
    (
        Claim("stored size against pyarrow's zstd defaults", "bytes a row", "pyarrow zstd", at_most=0.92),
        Claim(
            "read rate over that of pyarrow's zstd defaults, both read by Polars", "cpu", "pyarrow zstd", at_least=1.2
        ),
        Claim(
            "reading three columns, CPU against those defaults, both read by pyarrow",
            "cpu",
            "pyarrow zstd by pyarrow",
            ours="trading_ml by pyarrow",
        ),
        Claim("stored size, nine columns, against ArcticDB's three", "bytes a row", "arcticdb (3 columns)"),
        Claim("reading three columns, wall time against ArcticDB's", "wall", "arcticdb (3 columns)"),
    ),
)
