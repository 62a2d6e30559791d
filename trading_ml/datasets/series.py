"""Series: an instrument's feature and label columns in bar order, in immutable chunks of a calendar month.

A chunk is named by its content and carries in its footer what it was made from, so a build makes only the chunks it
does not find: a new day writes its month's chunk, and history is neither read nor written. Nothing removes a chunk, so
whoever reads a dataset keeps it whatever is built meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple

import polars as pl
import polars.selectors as cs

from trading_ml.core.digest import digest
from trading_ml.core.errors import NoData
from trading_ml.core.lake import Lake, Receipt, Table, publish, receipt_of
from trading_ml.core.progress import track
from trading_ml.core.script import Use
from trading_ml.core.time import NS
from trading_ml.datasets.layout import advice
from trading_ml.datasets.statistics import moments

Uses = Mapping[str, Use]
Kind = Literal["features", "labels", "moments"]
_LAYOUT = 2


@dataclass(frozen=True)
class Chunk:
    """One month of one instrument: `rows` bars of feature columns, of label columns, or of samples' moments."""

    instrument: str
    month: str
    kind: Kind
    rows: int
    digest: str


@dataclass(frozen=True)
class Order:
    """A chunk that is wanted: its days, what decides its rows, and how to come by them."""

    kind: Kind
    instrument: str
    days: tuple[date, ...]
    recipe: tuple[Any, ...]
    """What decides the rows beside their sources."""
    source: Callable[[date], Any]
    """What the rows of a day come from, by digest."""
    gather: Callable[[Sequence[date]], pl.DataFrame]

    @property
    def month(self) -> str:
        """The calendar month, like 2024-03."""
        return f"{self.days[0]:%Y-%m}"


class Made(NamedTuple):
    """A chunk that is there now.

    Attributes:
        chunk: What a manifest says of it.
        receipt: What it was made from (`days`) and the moments of its columns (`columns`).
        new: Whether this build made it.
    """

    chunk: Chunk
    receipt: Receipt
    new: bool


def monthly(
    kind: Kind,
    instrument: str,
    days: Iterable[date],
    recipe: tuple[Any, ...],
    source: Callable[[date], Any],
    gather: Callable[[Sequence[date]], pl.DataFrame],
) -> Iterator[Order]:
    """One order for each month of `days`, oldest first."""
    for _, of in groupby(days, lambda day: f"{day:%Y-%m}"):
        yield Order(kind, instrument, tuple(of), recipe, source, gather)


@dataclass(frozen=True)
class Store:
    """The chunks of a project, shared between its datasets."""

    lake: Lake
    project: str

    def path(self, name: str) -> Path:
        """Where the chunk with digest `name` lies."""
        return self.lake.path("datasets", self.project, "series", f"{name}.parquet")

    def read(self, chunks: Iterable[Chunk], columns: list[str] | None = None) -> pl.DataFrame:
        """The rows of several chunks, one after the other."""
        return pl.concat([pl.read_parquet(self.path(c.digest), columns=columns, glob=False) for c in chunks])

    def receipt(self, chunk: Chunk) -> Receipt:
        """What a chunk was made from, and the moments of its columns."""
        receipt = receipt_of(self.path(chunk.digest))
        if receipt is None:
            raise NoData(f"chunk {chunk.digest[:12]} of {self.project}", "is not there", "build the dataset again")
        return receipt

    def columns(
        self, kind: Kind, instrument: str, days: Iterable[date], columns: Sequence[str], uses: Uses
    ) -> Iterator[Order]:
        """Orders of some columns of the project's table `kind`.

        Carrying one out raises NoData when a day is missing, or was built from other scripts or parameters than `uses`.
        """
        table, wanted = self.lake.table(kind, self.project), {name: use.bound.describe for name, use in uses.items()}
        source = lambda day: _demand(table, instrument, day, wanted)
        gather = lambda of: _gather(table, instrument, of, columns, kind)
        return monthly(kind, instrument, days, (kind, *columns), source, gather)

    def make(self, orders: Sequence[Order], pool: Executor) -> list[Made]:
        """The ordered chunks; those that are not found are made, months and instruments side by side."""
        _ = self._found  # looked up once, before there are several to ask for it
        return list(track(f"chunks of {self.project}", pool.map(self._have, orders), len(orders)))

    def _have(self, order: Order) -> Made:
        days = {str(day): order.source(day) for day in order.days}
        inputs = digest(_LAYOUT, order.recipe, days)
        found = self._found.get(inputs)
        receipt = found or self._publish(order.gather(order.days), inputs, days)
        return Made(Chunk(order.instrument, order.month, order.kind, receipt.rows, receipt.digest), receipt, not found)

    @cached_property
    def _found(self) -> dict[str, Receipt]:
        """The chunks that were there at first, by what they were made from."""
        files = self.lake.path("datasets", self.project, "series").glob("*.parquet")
        return {receipt.inputs: receipt for receipt in map(receipt_of, files) if receipt}

    def _publish(self, frame: pl.DataFrame, inputs: str, days: Mapping[str, Any]) -> Receipt:
        columns = {name: moments(frame[name]) for name, kind in frame.schema.items() if kind == pl.Float32}
        with self.lake.staging() as folder:
            receipt = self.lake.write_parquet(folder / "chunk", frame, inputs, {"days": days, "columns": columns})
            publish(folder / "chunk", self.path(receipt.digest))
        return receipt


def _demand(table: Table, instrument: str, day: date, wanted: Mapping[str, Any]) -> str:
    """Digest of a partition that was built from the wanted scripts."""
    receipt = table.receipt(instrument, day)
    made = receipt.facts["scripts"] if receipt else {}
    if receipt is None or any(made.get(name) != script for name, script in wanted.items()):
        kind, project = table.parts
        changed = ", ".join(name for name, script in wanted.items() if made.get(name) != script)
        raise NoData(f"{project}, {instrument} {day}", f"{kind} are not up to date: {changed}", advice(project))
    return receipt.digest


def _gather(table: Table, instrument: str, days: Sequence[date], columns: Sequence[str], kind: Kind) -> pl.DataFrame:
    """The given columns of the days' partitions; times in nanoseconds, feature columns as float32."""
    frames = (table.read(instrument, day, list(columns)).with_columns(cs.datetime().cast(NS)) for day in days)
    frame = pl.concat(frames)
    return frame.with_columns(cs.float().cast(pl.Float32)) if kind == "features" else frame
