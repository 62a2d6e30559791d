"""One sample of a dataset: its row, its part, its answer, and the place of its bars in the tables they came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from trading_ml.core.errors import BadParams, NoData, OutOfRange
from trading_ml.core.instruments import Instrument, instrument, pick
from trading_ml.core.settings import Settings
from trading_ml.core.time import NS, local_date, moment
from trading_ml.datasets import Dataset
from trading_ml.datasets.series import Chunk, Store

_STAMPS = ("ts_open", "ts_close")


@dataclass(frozen=True)
class Sample:
    """Sample `number` of a dataset; reads its row, and the months of series around it."""

    dataset: Dataset
    number: int

    @classmethod
    def find(cls, dataset: Dataset, text: str) -> Sample:
        """A sample by its number, or by its moment (`2018-01-23T10:00`, `BTC_JPY@2018-01-23T10:00`).

        Raises:
            OutOfRange: when there is no such number. NoData: when no sample is of that moment, naming the nearest.
            Unknown: when the dataset has no such instrument. BadParams: when it is neither number nor moment.
        """
        count = dataset.manifest["kept"]
        if text.removeprefix("-").isdigit():
            if not -count <= int(text) < count:
                raise OutOfRange(f"sample {text} of {dataset.project}", f"is not there: it has {count:,}, from 0 on")
            return cls(dataset, int(text) % count)
        return cls(dataset, _at(dataset, text))

    @cached_property
    def row(self) -> Mapping[str, Any]:
        """Its row of `samples.parquet`; moments in nanoseconds."""
        stored = pl.scan_parquet(self.dataset.folder / "samples.parquet").slice(self.number, 1)
        return stored.with_columns(pl.selectors.datetime().to_physical()).collect().row(0, named=True)

    @cached_property
    def traded(self) -> Instrument:
        """Its instrument."""
        return instrument(self.row["instrument"], Settings().instruments)

    @property
    def parts(self) -> list[dict[str, Any]]:
        """Its part in each fold."""
        folds = pl.scan_parquet(self.dataset.folder / "folds.parquet").filter(pl.col("sample") == self.number)
        return folds.select("fold", "part").collect().to_dicts()

    def bars(self, back: int, ahead: int = 0, columns: tuple[str, ...] = ()) -> pl.DataFrame:
        """The bars from `back` before its own to `ahead` after it, as far as the series has them.

        Columns: `ts_open`, `ts_close`, those asked for, and where each bar lies in its table: `day` and `at`, its row
        in that day's partition.
        """
        row, frames, begins = self.row["row"], [], 0
        low, high = max(row - back, 0), row + ahead + 1
        for chunk in self._chunks("features"):
            if begins < high and begins + chunk.rows > low:
                frames.append(self._placed(chunk, columns).slice(max(low - begins, 0), high - max(begins, low)))
            begins += chunk.rows
        return pl.concat(frames)

    def built_from(self, room: str, day: date) -> str | None:
        """Digest of the features or labels of a day that are in the dataset; None where that was not written down."""
        month = next(chunk for chunk in self._chunks(room) if chunk.month == f"{day:%Y-%m}")
        return self._store.receipt(month).facts.get("days", {}).get(day.isoformat())

    def _chunks(self, room: str) -> list[Chunk]:
        """The months of its instrument's features or labels, oldest first."""
        given = (Chunk(**entry) for entry in self.dataset.manifest["chunks"])
        return [chunk for chunk in given if (chunk.kind, chunk.instrument) == (room, self.row["instrument"])]

    @property
    def _store(self) -> Store:
        return Store(self.dataset.lake, self.dataset.project)

    def _placed(self, chunk: Chunk, columns: tuple[str, ...]) -> pl.DataFrame:
        frame = self._store.read([chunk], [*_STAMPS, *columns])
        days = frame.select(day=local_date("ts_open", self.traded.zone))
        return frame.hstack(days.with_columns(at=pl.int_range(pl.len()).over("day")))


def _at(dataset: Dataset, text: str) -> int:
    """Number of the sample of a moment."""
    name, at, when = text.rpartition("@")
    known = list(dataset.manifest["days"])
    if not at and len(known) > 1:
        fix = f"write for example {known[0].partition(':')[2]}@{text}"
        raise BadParams(f"sample {text}", f"is of one of {len(known)} instruments", fix)
    traded = instrument(pick(name, known) if at else known[0], Settings().instruments)
    ns = moment(when, traded.zone)
    stored = pl.scan_parquet(dataset.folder / "samples.parquet").with_row_index("number")
    own = stored.filter(pl.col("instrument").cast(pl.String) == traded.name)
    found = own.filter(pl.col("ts") == pl.lit(ns).cast(NS)).select("number").collect()
    if found.is_empty():
        distance = (pl.col("ts").to_physical() - ns).abs()
        near = own.select("number", "ts").sort(distance).head(1).collect().row(0, named=True)
        fix = f"the nearest is #{near['number']}, of {near['ts']:%Y-%m-%dT%H:%M:%SZ}"
        raise NoData(f"sample {text}", f"{dataset.project} has none of {traded.name} at that moment", fix)
    return int(found["number"][0])


def overlapping(days: pl.DataFrame) -> Iterator[tuple[date, int, int]]:
    """The partitions in which placed bars lie, each with the first row and the one after the last."""
    for (day,), own in days.group_by("day", maintain_order=True):
        yield day, int(own["at"][0]), int(own["at"][-1]) + 1  # pyright: ignore[reportReturnType]
