"""csv.gz → ticks, each row led back to its line; the peers → Parquet.

Ours parses, accounts for every row, sorts, looks for repeats and publishes daily partitions; the peers write the same
columns of each file to one Parquet file, in the order they come.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.claim import Benchmark, Claim, Contender, Place, Work
from benchmarks.market import NAME, write_raw

FILES = 4


def _files(place: Place) -> list[Path]:
    return write_raw(place.folder / f"raw_{place.raw}", place.raw, -(-place.raw // FILES))


def _ours(place: Place) -> Work:
    return _ingesting(place, 1)


def _quarter(place: Place) -> Work:
    return _ingesting(place, FILES)


def _ingesting(place: Place, share: int) -> Work:
    """Ticks of one in `share` files."""
    import shutil
    from time import perf_counter

    from trading_ml.core.instruments import instrument
    from trading_ml.core.lake import Lake
    from trading_ml.ticks import account, merge, uploads

    files, root = _files(place)[::share], place.folder / "ingested"
    shutil.rmtree(root, ignore_errors=True)
    lake = Lake(root)

    def work() -> Mapping[str, Any]:
        begun = perf_counter()
        known = [uploads.record(lake, upload) for upload in uploads.check_all(files, "lseg")]
        announced = perf_counter()
        days = {part.date for upload in known for part in uploads.parse(lake, upload.id).partitions}
        parsed = perf_counter()
        merge.build_dates(lake, instrument(NAME), days, "trades")
        merged = perf_counter()
        stages = {"announce": announced - begun, "parse": parsed - announced, "merge": merged - parsed}
        rows = sum(account.summary(lake, upload.id)["kept"] for upload in known)
        return {**stages, "rows": rows} | ({"answer": rows} if share == 1 else {})

    return work


def _duckdb(place: Place) -> Work:
    import duckdb

    files = _files(place)
    types = dict.fromkeys(("RIC", "alias", "domain", "type"), "VARCHAR")
    types |= {"ts_event": "TIMESTAMPTZ", "price": "DOUBLE", "size": "DOUBLE"}
    columns = {name: types[name] for name in ("RIC", "alias", "domain", "ts_event", "type", "price", "size")}

    def work() -> Mapping[str, Any]:
        rows = 0
        for path in files:
            with duckdb.connect() as connection:
                connection.execute("SET threads = 2")
                connection.execute(
                    f"COPY (SELECT RIC, ts_event, price, size FROM read_csv('{path}', header=true, columns={columns})"
                    f" WHERE type = 'Trade') TO '{place.folder / 'duckdb.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
                )
                found = connection.sql(f"SELECT count(*) FROM '{place.folder / 'duckdb.parquet'}'").fetchall()
                rows += found[0][0]
        return {"answer": rows, "rows": rows}

    return work


def _pandas(place: Place) -> Work:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = _files(place)
    wanted = ["#RIC", "Date-Time", "Type", "Price", "Volume"]

    def work() -> Mapping[str, Any]:
        rows = 0
        for path in files:
            writer = None
            for chunk in pd.read_csv(path, usecols=wanted, chunksize=1_000_000):
                chunk["Date-Time"] = pd.to_datetime(chunk["Date-Time"], format="ISO8601")
                table = pa.Table.from_pandas(chunk[chunk["Type"] == "Trade"].drop(columns="Type"), preserve_index=False)
                writer = writer or pq.ParquetWriter(place.folder / "pandas.parquet", table.schema, compression="zstd")
                writer.write_table(table)
                rows += len(table)
            if writer:
                writer.close()
        return {"answer": rows, "rows": rows}

    return work


BENCHMARK = Benchmark(
    "csv.gz → ticks",
    _files,
    {
        "trading_ml": Contender(_ours),
        "duckdb": Contender(_duckdb),
        "pandas": Contender(_pandas),
        "trading_ml, a quarter": Contender(_quarter),
    },
    (
        Claim("ingest, times faster than duckdb read_csv → Parquet", "wall", "duckdb", at_least=1.5),
        Claim("ingest, CPU against duckdb's", "cpu", "duckdb"),
        Claim("ingest, peak memory against duckdb's", "peak", "duckdb"),
        Claim("ingest, wall time against pandas' (five of the columns, no account of rows)", "wall", "pandas"),
        Claim("ingest, CPU against pandas'", "cpu", "pandas"),
        Claim(
            "ingest, peak memory against that of a quarter of the rows", "peak", "trading_ml, a quarter", at_most=1.3
        ),
    ),
)
