"""What an adapter reads, put into dates and instruments while it streams by, in bounded memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import polars as pl

from trading_ml.adapters import Chunk
from trading_ml.core.digest import digest
from trading_ml.core.errors import AccountingError
from trading_ml.core.instruments import instrument, key_of
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.ticks.cells import date_in
from trading_ml.ticks.quarantine import QuarantineWriter
from trading_ml.ticks.records import Cell, Part

FLUSH_ROWS = 1_000_000
"""Rows held in memory before they are written."""


class PartWriter:
    """Writes chunks below `folder` as `<kind>/<instrument>/<date>-<n>.parquet`, the n-th flush of that date.

    It writes in a thread of its own, which has ended when the context is left.

    Args:
        lake: Where the writing is staged.
        folder: A folder nobody reads yet.
        source: Source of the instruments.
        quarantine: Where rows go that are no ticks.
    """

    def __init__(self, lake: Lake, folder: Path, source: str, quarantine: QuarantineWriter) -> None:
        self._lake, self._folder, self._source, self._quarantine = lake, folder, source, quarantine
        self._waiting: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self._held = 0
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None
        self._digests: dict[Cell, list[str]] = defaultdict(list)
        self._rows: Counter[Cell] = Counter()
        self.rows = 0
        self.zones: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def add(self, chunk: Chunk) -> None:
        """Take over a chunk's rows.

        Raises:
            AccountingError: when the adapter lost or invented rows.
        """
        if chunk.rows != chunk.frame.height + chunk.quarantine.height:
            told = f"{chunk.rows} rows became {chunk.frame.height} ticks and {chunk.quarantine.height} in quarantine"
            raise AccountingError(f"source {self._source}", told, "every row must be one or the other")
        self.rows += chunk.rows
        self._quarantine.add(chunk.quarantine)
        if chunk.frame.height:
            self._waiting[chunk.kind].append(chunk.frame)
            self._held += chunk.frame.height
        if self._held >= FLUSH_ROWS:
            self._flush()

    def finish(self) -> tuple[Part, ...]:
        """Write what is still held and say what there is.

        Raises:
            AccountingError: when the rows written and quarantined are not the rows read.
        """
        self._flush()
        self._written()
        written, quarantined = self._rows.total(), self._quarantine.rows
        if self.rows != written + quarantined:
            raise AccountingError(
                f"source {self._source}", f"{self.rows} rows read, {written} written, {quarantined} quarantined"
            )
        return tuple(
            Part(**cell._asdict(), rows=self._rows[cell], digest=digest(self._digests[cell]))
            for cell in sorted(self._rows)
        )

    def _flush(self) -> None:
        """Have what is held written while more is read; of two such lots at most, so that memory is bounded."""
        self._written()
        self._writing = self._thread.submit(self._write_all, dict(self._waiting))
        self._waiting.clear()
        self._held = 0

    def _written(self) -> None:
        if self._writing:
            self._writing.result()

    def _write_all(self, waiting: dict[str, list[pl.DataFrame]]) -> None:
        for kind, frames in waiting.items():
            for symbol, rows in split(pl.concat(frames), "symbol"):
                self._write(kind, f"{self._source}:{symbol}", rows)

    def _write(self, kind: str, name: str, rows: pl.DataFrame) -> None:
        if name not in self.zones:
            self.zones |= zones_of([name])
        dated = rows.with_columns(date_in(kind, self.zones[name]).alias("_date"))
        for day, part in split(dated, "_date"):
            cell = Cell(kind, name, day)
            place = self._folder / kind / key_of(name) / f"{day}-{len(self._digests[cell])}.parquet"
            self._digests[cell].append(self._lake.write_parquet(place, part).digest)
            self._rows[cell] += part.height


def split(rows: pl.DataFrame, by: str) -> Iterable[tuple[Any, pl.DataFrame]]:
    """Rows by the value of a column, which is left out; values as they first appear.

    Equal values mostly lie together, and then nothing is copied.

    Example:
        >>> rows = pl.DataFrame({"day": [1, 1, 2], "row": [7, 8, 9]})
        >>> [(day, part["row"].to_list()) for day, part in split(rows, "day")]
        [(1, [7, 8]), (2, [9])]
    """
    runs, rest = rows[by].rle().struct.unnest(), rows.drop(by)
    if runs["value"].is_duplicated().any():
        return [(value, part) for (value,), part in rows.partition_by(by, as_dict=True, include_key=False).items()]
    starts = runs["len"].cum_sum() - runs["len"]
    return [(value, rest.slice(start, length)) for start, (length, value) in zip(starts, runs.iter_rows(), strict=True)]


def zones_of(names: Iterable[str]) -> Mapping[str, str]:
    """The zone whose calendar dates partition each instrument, by today's instrument facts."""
    return {name: instrument(name, Settings().instruments).zone for name in names}
