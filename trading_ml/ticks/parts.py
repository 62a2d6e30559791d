"""What an adapter reads, put into dates and instruments while it streams by, in bounded memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

import polars as pl

from trading_ml.adapters import Chunk
from trading_ml.core.digest import digest
from trading_ml.core.errors import AccountingError
from trading_ml.ticks.cells import zones_of
from trading_ml.ticks.checkpoint import Bench, Checkpoint, Written
from trading_ml.ticks.dated import dated
from trading_ml.ticks.quarantine import Refused
from trading_ml.ticks.records import Cell, Part, always_of

FLUSH_ROWS = 1_000_000
"""Rows held in memory before they are written."""


class PartWriter:
    """Writes chunks to a bench, lot by lot: the n-th file of each cell, and the lot's quarantined rows.

    After each lot but the last it writes down how far it came, and goes on from there when it is opened with that. It
    writes in a thread of its own, which has ended when the context is left.

    Args:
        bench: Where to.
        source: Source of the instruments.
        start: How far the reading came before.
    """

    def __init__(self, bench: Bench, source: str, start: Checkpoint) -> None:
        self._bench, self._source, self._recipe = bench, source, start.recipe
        self._waiting: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self._held = 0
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None
        self._start, self._line, self._lots = start.line, start.line, start.lots
        self._refused = Refused(start.quarantined)
        self._digests = defaultdict(list, {written.cell: list(written.digests) for written in start.written})
        self._rows = Counter({written.cell: written.rows for written in start.written})
        self.rows, self.zones = start.rows, dict(start.zones)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def add(self, chunk: Chunk) -> None:
        """Take over a chunk's rows, unless they were written before.

        Raises:
            AccountingError: when the adapter lost or invented rows.
        """
        if chunk.rows != chunk.frame.height + chunk.quarantine.height:
            told = f"{chunk.rows} rows became {chunk.frame.height} ticks and {chunk.quarantine.height} in quarantine"
            raise AccountingError(f"source {self._source}", told, "every row must be one or the other")
        if 0 < chunk.end <= self._start:
            return
        self.rows += chunk.rows
        self._line = max(self._line, chunk.end)
        self._refused.add(chunk.quarantine)
        if chunk.frame.height:
            self._waiting[chunk.kind].append(chunk.frame)
            self._held += chunk.frame.height
        if chunk.last and (self._held >= FLUSH_ROWS or self._refused.is_full):
            self._flush()

    def finish(self) -> tuple[Part, ...]:
        """Write what is still held and say what there is.

        Raises:
            AccountingError: when the rows written and quarantined are not the rows read.
        """
        self._flush(more=False)
        self._written()
        written, quarantined = self._rows.total(), self._refused.rows
        if self.rows != written + quarantined:
            raise AccountingError(
                f"source {self._source}", f"{self.rows} rows read, {written} written, {quarantined} quarantined"
            )
        return tuple(
            Part(**cell._asdict(), rows=self._rows[cell], digest=digest(self._digests[cell]))
            for cell in sorted(self._rows)
        )

    @property
    def lots(self) -> int:
        """How many lots there are."""
        return self._lots

    @property
    def quarantined(self) -> dict[str, int]:
        """Quarantined rows by reason."""
        return dict(sorted(self._refused.problems.items()))

    def _flush(self, more: bool = True) -> None:
        """Have what is held written while more is read; of two such lots at most, so that memory is bounded."""
        self._written()
        state = Checkpoint(
            recipe=self._recipe, lots=self._lots + 1, line=self._line, rows=self.rows, quarantined=self.quarantined
        )
        self._writing = self._thread.submit(self._write_lot, dict(self._waiting), self._refused.lot(), state, more)
        self._waiting.clear()
        self._held, self._lots = 0, state.lots

    def _written(self) -> None:
        if self._writing:
            self._writing.result()

    def _write_lot(
        self, waiting: dict[str, list[pl.DataFrame]], refused: pl.DataFrame, state: Checkpoint, more: bool
    ) -> None:
        for kind, frames in waiting.items():
            for symbol, rows in split(pl.concat(frames), "symbol"):
                self._write(kind, f"{self._source}:{symbol}", rows)
        if refused.height:
            self._bench.lake.write_parquet(self._bench.quarantine(state.lots), refused)
        if more:
            told = ((cell, rows, tuple(self._digests[cell])) for cell, rows in self._rows.items())
            written = tuple(Written(cell=cell, rows=rows, digests=digests) for cell, rows, digests in told)
            self._bench.save(state.model_copy(update={"zones": dict(self.zones), "written": written}))

    def _write(self, kind: str, name: str, rows: pl.DataFrame) -> None:
        if name not in self.zones:
            self.zones |= zones_of([name])
        for day, part in dated(rows, kind, self.zones[name]):
            cell = Cell(kind, name, day)
            place = self._bench.part(cell, len(self._digests[cell]))
            told = part.drop(column.name for column in part if column.name in always_of(kind) and not column.count())
            self._digests[cell].append(self._bench.lake.write_parquet(place, told, light=True).digest)
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
