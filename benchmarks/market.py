"""Simulated ticks, as many as asked: as raw csv.gz files, or straight into a lake's table of ticks.

A random walk on a grid of half pence, sizes as traded, nanosecond stamps, 20 trading days a month: made for weight,
not for prices one could learn from (that is the simulated exchange of `trading_ml.adapters`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from benchmarks.claim import Place

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


def write_ticks(place: Place) -> None:
    """Write the table of ticks of a place, one partition a day, as `ticks.merge` would; what is there stays."""
    from concurrent.futures import ThreadPoolExecutor

    from trading_ml.core.lake import Lake
    from trading_ml.ticks.search import counted

    table = Lake(place.root).table("ticks", "trades")
    days = -(-place.ticks // ROWS_A_DAY)

    def write(day: date, number: int) -> None:
        if not table.path(NAME, day).exists():
            rows = place.ticks // days + (number < place.ticks % days)
            ticks = _stored(day_ticks(day, rows))
            table.write(NAME, day, ticks, "simulated", {"texts": counted(ticks), "uploads": {}})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, trading_days(), range(days)))


def _stored(ticks: pl.DataFrame) -> pl.DataFrame:
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
        pl.lit(7, pl.UInt64).alias("upload"),
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
