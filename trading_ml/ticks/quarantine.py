"""Rows that are no ticks, written while they come: however many there are, few are held."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Self

import polars as pl
import pyarrow.parquet as pq

from trading_ml.adapters import QUARANTINE, problem

HELD_BYTES = 16 << 20
"""Of raw text, before it is written."""


class QuarantineWriter:
    """Writes quarantined rows (row, reason, text) in file order to a file nobody reads yet.

    Args:
        path: The file, complete when the writer is closed.
    """

    def __init__(self, path: Path) -> None:
        self._held: list[pl.DataFrame] = []
        self._bytes = 0
        schema = pl.DataFrame(schema=QUARANTINE).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
        self._file = pq.ParquetWriter(path, schema, compression="zstd")
        self.problems: Counter[str] = Counter()
        """Rows by reason, leaving out the cell that a reason quotes: as many as there are ways to be wrong."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._file.close()

    @property
    def rows(self) -> int:
        """Rows added."""
        return self.problems.total()

    def add(self, rows: pl.DataFrame) -> None:
        """Take over a chunk's rows."""
        if rows.is_empty():
            return
        self.problems.update(dict(rows.select(problem()).group_by("reason").len().iter_rows()))
        self._held.append(rows)
        self._bytes += int(rows.estimated_size())
        if self._bytes >= HELD_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._file.write_table(pl.concat(self._held).to_arrow(compat_level=pl.CompatLevel.oldest()))
        self._held, self._bytes = [], 0
