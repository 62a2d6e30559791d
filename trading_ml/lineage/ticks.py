"""The ticks behind a bar, and the raw lines of the first and the last of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from trading_ml.bars import BarParams
from trading_ml.bars.behind import behind
from trading_ml.core.errors import BadFile
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake
from trading_ml.lineage.bars import rows
from trading_ml.ticks import records
from trading_ml.ticks.origin import Origins

LARGE = 32 * 2**20
"""Bytes of a raw file beyond which a line is read only when asked for: the file is hashed, and unpacked up to it."""


def told(lake: Lake, traded: Instrument, params: BarParams, day: date, at: int, raw: bool = False) -> dict[str, Any]:
    """What a bar was made of.

    Args:
        lake: The data root.
        traded: Whose bar.
        params: What bars.
        day: Its partition.
        at: Its row there.
        raw: Read the raw lines out of large files as well.

    Returns:
        `table` and `partition` of the ticks, how many (`count`), how many between them were left out (`passed_over`),
        by upload the raw file, its sha256 and how many of the ticks it gave, and the `first` and `last` tick, each
        with its raw file, `line`, and the `text` of that line, which is null where `problem` says why. A filled bar
        was made of none.
    """
    found = behind(lake, traded, params, day, at)
    table, cell = found.held
    place = {"table": "/".join(table.parts), "partition": cell.isoformat()}
    counts = {"count": len(found.rows), "passed_over": found.passed_over}
    if not len(found.rows):
        return {**place, **counts, "uploads": [], "first": None, "last": None}
    low, high = int(found.rows[0]), int(found.rows[-1]) + 1
    stored = table.scan(traded.name, cell).slice(low, high - low)
    kept = stored.select("upload", "row").collect()[found.rows - low]
    bounds = pl.concat([stored.slice(0, 1), stored.slice(high - low - 1, 1)]).collect()
    origins = Origins(lake)
    first, last = (_raw(lake, origins, tick, raw) for tick in rows(bounds))
    return {**place, **counts, "uploads": _uploads(lake, kept["upload"]), "first": first, "last": last}


def _raw(lake: Lake, origins: Origins, tick: dict[str, Any], raw: bool) -> dict[str, Any]:
    """A tick with its raw line; where that is not read, with the reason in its stead."""
    number, row = tick.pop("upload"), tick.pop("row")
    known = records.announced(lake, f"{number:016x}")
    told = {"file": known.path, "sha256": known.sha256, "adapter": known.adapter} if known else {}
    place = {**tick, **told, "upload": f"{number:016x}", "line": row, "text": None}
    if known and known.bytes > LARGE and not raw:
        return {
            **place,
            "problem": f"--raw reads the line: {known.bytes / 2**20:,.0f} MiB are hashed and unpacked for it",
        }
    try:
        return {**tick, **origins.of(number, row)}
    except BadFile as error:
        return {**place, "problem": str(error)}


def _uploads(lake: Lake, numbers: pl.Series) -> list[dict[str, Any]]:
    found = []
    for number, count in numbers.value_counts().sort("upload").iter_rows():
        known = records.announced(lake, f"{number:016x}")
        told = {"file": known.path, "sha256": known.sha256} if known else {}
        found.append({"upload": f"{number:016x}", "ticks": count, **told})
    return found
