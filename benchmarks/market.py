"""Simulated ticks, as many as asked: as raw csv.gz files, or straight into a lake's table of ticks.

A random walk on a grid of half pence, sizes as traded, nanosecond stamps, 20 trading days a month: made for weight,
not for prices one could learn from (that is the simulated exchange of `trading_ml.adapters`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from benchmarks.claim import Place
    from trading_ml.core.lake import Lake
    from trading_ml.ticks.records import Upload

SYMBOL = "LOAD.L"
NAME = f"lseg:{SYMBOL}"
HEADER = "#RIC,Alias Underlying RIC,Domain,Date-Time,Type,Price,Volume"
DAYS_A_MONTH = 20
ROWS_A_MONTH = 75_000_000
"""Most rows of a raw file."""
ROWS_A_DAY = ROWS_A_MONTH // DAYS_A_MONTH
"""Most rows of a partition of the table of ticks."""
_SPAN_SECONDS = 8.5 * 3600


def trading_days(first: date = date(2020, 1, 1)) -> Iterator[date]:
    """Weekdays, at most `DAYS_A_MONTH` in a month."""
    day, traded = first, 0
    while True:
        if day.weekday() < 5 and traded < DAYS_A_MONTH:
            traded += 1
            yield day
        following = day + timedelta(days=1)
        traded = traded if following.month == day.month else 0
        day = following


def day_ticks(day: date, rows: int) -> pl.DataFrame:
    """`rows` ticks of one day: ts_event (ns since 1970), price, size; equal days give equal ticks."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(day.toordinal())
    opens = (day - date(1970, 1, 1)).days * 86_400 + 8 * 3600
    gaps = rng.standard_exponential(rows)
    times = np.cumsum(gaps) * (_SPAN_SECONDS / (gaps.sum() + 1))
    steps = rng.integers(-6, 7, rows)
    walk = np.cumsum(np.where(np.abs(steps) > 1, 0, steps))  # most trades print at the last price
    sizes = np.round(np.exp(rng.normal(4.6, 1.4, rows)))
    return pl.DataFrame(
        {
            "ts_event": opens * 1_000_000_000 + (times * 1e9).astype(np.int64),
            "price": 2000 + day.toordinal() % 97 + walk * 0.5,
            "size": np.maximum(sizes, 1.0),
        }
    )


def write_raw(folder: Path, rows: int, rows_a_file: int = ROWS_A_MONTH) -> list[Path]:
    """Write LSEG-style csv.gz files, one a month, streamed; those that are there are left alone.

    Args:
        folder: Where `LOAD.L_2020-01.csv.gz` and its like go.
        rows: Lines in all files together.
        rows_a_file: Most lines of a file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    days, paths = trading_days(), []
    files = -(-rows // rows_a_file)
    for number in range(files):
        month = [next(days) for _ in range(DAYS_A_MONTH)]
        share = rows // files + (number < rows % files)
        path = folder / f"{SYMBOL}_{month[0]:%Y-%m}.csv.gz"
        if not path.exists():
            _write_month(path, month, share)
        paths.append(path)
    return paths


def write_ticks(place: Place, more: int = 0, rows_a_day: int | None = None) -> None:
    """Write the table of ticks of a place, one partition a day, as if raw files had been read; what is there stays.

    Args:
        place: Where, and how many ticks over all days.
        more: Further days, each with as many ticks as the last one.
        rows_a_day: Most ticks of a day; `ROWS_A_DAY` if left out.
    """
    from concurrent.futures import ThreadPoolExecutor

    from trading_ml.core.lake import Lake
    from trading_ml.ticks import merge
    from trading_ml.ticks.records import Cell
    from trading_ml.ticks.search import counted

    lake, days = Lake(place.root), -(-place.ticks // (rows_a_day or ROWS_A_DAY))
    rows = [place.ticks // days + (number < place.ticks % days) for number in range(days)]
    held = dict(zip(trading_days(), [*rows, *rows[-1:] * more], strict=False))
    _announce(lake, held)

    def write(cell: Cell, inputs: str) -> None:
        ticks = _stored(day_ticks(cell.date, held[cell.date]), _upload(cell.date).number)
        lake.table("ticks", cell.kind).write(NAME, cell.date, ticks, inputs, {"texts": counted(ticks), "uploads": {}})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda cell: write(*cell), merge.stale(lake).items()))


def _upload(day: date) -> Upload:
    """The raw file of the month of a day, which nobody ever wrote."""
    from hashlib import sha256

    from trading_ml.ticks.records import Upload

    name = f"{SYMBOL}_{day:%Y-%m}.csv.gz"
    sha = sha256(name.encode()).hexdigest()
    return Upload(path=name, name=name, adapter="lseg", symbol=None, sha256=sha, bytes=0)


def _announce(lake: Lake, held: Mapping[date, int]) -> None:
    """The records that reading those raw files would have left."""
    from itertools import groupby

    from trading_ml.ticks import records

    for _, days in groupby(held, lambda day: (day.year, day.month)):
        month = list(days)
        upload, rows = _upload(month[0]), sum(held[day] for day in month)
        parts = [
            records.Part(kind="trades", instrument=NAME, date=day, rows=held[day], digest=f"{day} {held[day]}")
            for day in month
        ]
        parsed = records.Parsed(
            rows=rows, quarantined={}, recipe="", zones={NAME: "Europe/London"}, partitions=tuple(parts), folder="none"
        )
        lake.write_json(lake.path("uploads", upload.id, "upload.json"), upload.model_dump(mode="json"))
        records.index(lake, upload.id, [NAME])
        lake.write_json(lake.path("uploads", upload.id, "parsed.json"), parsed.model_dump(mode="json"))


def _stored(ticks: pl.DataFrame, upload: int) -> pl.DataFrame:
    """Ticks in the columns of the lake: one in eight an odd lot by its qualifier, one in 2,000 cancelled."""
    import numpy as np
    import polars as pl

    from trading_ml.adapters import SIDE
    from trading_ml.core.time import NS

    mark = np.random.default_rng(ticks.height).random(ticks.height)
    cancelled = pl.Series(mark < 0.0005)
    odd = pl.Series(mark > 0.875)
    return ticks.select(
        pl.col("ts_event").cast(NS),
        "price",
        "size",
        pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias("seq"),
        pl.lit(None, SIDE).alias("side"),
        pl.when(cancelled).then(pl.lit("CAN[IRGCOND]")).when(odd).then(pl.lit("ODD[IRGCOND]")).alias("conditions"),
        pl.when(cancelled).then(pl.lit("cancelled")).alias("excluded_by"),
        pl.lit(upload, pl.UInt64).alias("upload"),
        pl.int_range(2, pl.len() + 2, dtype=pl.UInt32).alias("row"),
    )


def _write_month(path: Path, days: list[date], rows: int) -> None:
    from isal import igzip_threaded

    staged = path.with_name(f".{path.name}.new")
    with igzip_threaded.open(staged, "wb", compresslevel=1, threads=1) as file:
        file.write(HEADER.encode() + b"\n")
        for number, day in enumerate(days):
            file.write(_lines(day_ticks(day, rows // len(days) + (number < rows % len(days)))))
    staged.rename(path)


def _lines(ticks: pl.DataFrame) -> bytes:
    from io import BytesIO

    import polars as pl

    text = BytesIO()
    ticks.select(
        pl.lit(SYMBOL).alias("RIC"),
        pl.lit("").alias("alias"),
        pl.lit("Market Price").alias("domain"),
        pl.col("ts_event").cast(pl.Datetime("ns")),
        pl.lit("Trade").alias("type"),
        "price",
        pl.col("size").cast(pl.Int64),
    ).write_csv(text, include_header=False, quote_style="never", datetime_format="%Y-%m-%dT%H:%M:%S%.9fZ")
    return text.getvalue()
