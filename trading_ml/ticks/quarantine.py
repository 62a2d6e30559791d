"""Rows that are no ticks: counted by what is wrong with them, and kept as they came in lots that lie on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from trading_ml.adapters import QUARANTINE, problem

HELD_BYTES = 16 << 20
"""Of raw text, before it is written."""


class Refused:
    """Quarantined rows (row, reason, text) in file order, from one lot to the next.

    Args:
        problems: What was counted before.
    """

    def __init__(self, problems: Mapping[str, int]) -> None:
        self._held: list[pl.DataFrame] = []
        self._bytes = 0
        self.problems = Counter(problems)
        """Rows by reason, leaving out the cell that a reason quotes: as many as there are ways to be wrong."""

    @property
    def rows(self) -> int:
        """Rows added."""
        return self.problems.total()

    @property
    def is_full(self) -> bool:
        """Whether a lot is due."""
        return self._bytes >= HELD_BYTES

    def add(self, rows: pl.DataFrame) -> None:
        """Take over a chunk's rows."""
        if rows.height:
            self.problems.update(dict(rows.select(problem()).group_by("reason").len().iter_rows()))
            self._held.append(rows)
            self._bytes += int(rows.estimated_size())

    def lot(self) -> pl.DataFrame:
        """The rows since the last lot."""
        rows = pl.concat([pl.DataFrame(schema=QUARANTINE), *self._held])
        self._held, self._bytes = [], 0
        return rows


def join(lots: Iterable[Path], path: Path) -> int:
    """Write all lots into one file, never holding more than one of them; returns how many rows there are."""
    rows, schema = 0, pl.DataFrame(schema=QUARANTINE).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for lot in lots:
            found = pl.read_parquet(lot)
            file.write_table(found.to_arrow(compat_level=pl.CompatLevel.oldest()))
            rows += found.height
    return rows
