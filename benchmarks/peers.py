"""The table of ticks as the peers keep it, and what they run over it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.claim import Place
from benchmarks.market import NAME, write_ticks

if TYPE_CHECKING:
    import duckdb

COLUMNS = ("ts_event", "price", "size")
ARCTIC_MOST = 50_000_000
"""Ticks beyond which ArcticDB is left out: filling it would take longer than all the rest."""


def prepare(place: Place) -> None:
    """The table itself, read once so that nobody finds it cold, and the machine code of the kernels."""
    from trading_ml.bars.params import BarParams
    from trading_ml.bars.table import day_bars

    write_ticks(place)
    for path in files(place):
        path.read_bytes()
    day_bars(_one_tick(), BarParams(every="1m"), next(iter(_days(place))), "UTC")


def files(place: Place) -> list[Path]:
    """The daily files, in order."""
    return sorted(folder(place).glob("*.parquet"))


def folder(place: Place) -> Path:
    """Where they lie; by hand, because not every contender has our libraries."""
    return place.root / "ticks" / "trades" / NAME.replace(":", "@")


def pattern(place: Place) -> str:
    """The daily files as Polars and DuckDB take them."""
    return str(folder(place) / "*.parquet")


def connected() -> duckdb.DuckDBPyConnection:
    """DuckDB on as many cores as we use."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET TimeZone = 'UTC'")
    return connection


def arctic(place: Place) -> Any:
    """An ArcticDB library (LMDB) that holds the three columns of all ticks as `ticks`; filled at the first call."""
    import arcticdb  # pyright: ignore[reportMissingImports]  it has an environment of its own
    import pyarrow.parquet as pq

    where = place.folder / f"arctic_{place.ticks}"
    where.mkdir(exist_ok=True)
    library = arcticdb.Arctic(f"lmdb://{where}?map_size=64GB").get_library("bench", create_if_missing=True)
    if not library.has_symbol("ticks"):
        for path in files(place):
            frame = pq.read_table(path, columns=list(COLUMNS)).to_pandas().set_index("ts_event")
            frame.index = frame.index.tz_localize(None)
            library.append("ticks", frame)
    return library


def arctic_bytes(place: Place) -> int:
    """Disk that the library takes."""
    return sum(path.stat().st_blocks * 512 for path in (place.folder / f"arctic_{place.ticks}").rglob("*.mdb"))


def _days(place: Place) -> Any:
    from datetime import date

    return (date.fromisoformat(path.stem) for path in files(place))


def _one_tick() -> Any:
    import polars as pl

    from trading_ml.core.time import NS

    return pl.DataFrame({"ts_event": [0], "price": [1.0], "size": [1.0]}).with_columns(pl.col("ts_event").cast(NS))
