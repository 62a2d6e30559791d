"""A built dataset: samples, folds, and windows gathered from the series at the moment they are needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from trading_ml.core.errors import Unknown
from trading_ml.core.lake import Lake
from trading_ml.datasets.events import promoted
from trading_ml.datasets.series import Chunk, Store
from trading_ml.datasets.splits import PARTS

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
Batch = tuple[dict[str, Floats], dict[str, NDArray[Any]]]


@dataclass(frozen=True)
class Dataset:
    """One immutable build of a project's dataset; sample `i` is row `i` of `samples`.

    Example:
        >>> dataset = Dataset.open(lake, "volatility")  # doctest: +SKIP
        >>> dataset.windows(dataset.indices("train")[:32], "ohlcv").shape  # doctest: +SKIP
        (32, 100, 5)
    """

    lake: Lake
    project: str
    folder: Path

    @classmethod
    def open(cls, lake: Lake, project: str, digest: str | None = None) -> Dataset:
        """The dataset with this digest (at least its first 12 digits); without one, the promoted one.

        Raises:
            NoData: when none is promoted. Unknown: when there is none with this digest.
        """
        digest = digest or promoted(lake, project)
        folder = lake.path("datasets", project, digest[:12])
        if not (folder / "manifest.json").is_file():
            known = [path.parent.name for path in lake.path("datasets", project).glob("*/manifest.json")]
            raise Unknown.of(f"dataset of {project}", digest, known)
        return cls(lake, project, folder)

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process as the place where it lies, without what was read of it."""
        return type(self), (self.lake, self.project, self.folder)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the dataset was made from and what is in it."""
        return json.loads((self.folder / "manifest.json").read_text("utf-8"))

    @property
    def digest(self) -> str:
        """Hex sha256 of everything that decides the content."""
        return self.manifest["digest"]

    @cached_property
    def samples(self) -> pl.DataFrame:
        """`instrument`, `row` of the window's last bar in its series, `ts`, label columns, `label_end`, `weight`."""
        return pl.read_parquet(self.folder / "samples.parquet")

    @cached_property
    def folds(self) -> pl.DataFrame:
        """`fold`, `sample` (row of `samples`), `part`."""
        return pl.read_parquet(self.folder / "folds.parquet")

    @cached_property
    def features(self) -> dict[str, dict[str, Any]]:
        """By feature, in the project's order: its `window` in bars and its `columns`."""
        return {entry["name"]: entry for entry in self.manifest["features"]}

    @cached_property
    def classes(self) -> dict[str, list[str] | None]:
        """By label column the names of its classes, in the order of their codes; None for a number."""
        return {entry["column"]: entry["classes"] for entry in self.manifest["labels"]}

    @property
    def columns(self) -> list[str]:
        """All feature columns, in the order of `last`."""
        return [column for shown in self.features.values() for column in shown["columns"]]

    @cached_property
    def series(self) -> dict[str, Floats]:
        """Per instrument the float32 values of all columns, shape (bars, columns), nulls as NaN."""
        whole = np.concatenate(list(self.blocks.values()), axis=1)
        starts = list(self._offsets.values())[1:]
        return dict(zip(self._offsets, np.split(whole, starts), strict=True))

    @cached_property
    def blocks(self) -> dict[str, Floats]:
        """Per feature the values of all instruments, one below the other, shape (bars, columns)."""
        height = sum(chunk.rows for chunks in self._chunks.values() for chunk in chunks)
        blocks = {name: np.empty((height, len(of["columns"])), np.float32) for name, of in self.features.items()}
        store, end = Store(self.lake, self.project), 0
        for chunk in (chunk for chunks in self._chunks.values() for chunk in chunks):
            frame, start, end = store.read([chunk], self.columns), end, end + chunk.rows
            for name, block in blocks.items():
                for position, column in enumerate(self.features[name]["columns"]):
                    block[start:end, position] = frame[column].to_numpy()
        return blocks

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Per sample the row of its bar in the blocks."""
        offsets = np.fromiter(self._offsets.values(), np.int64)
        return offsets[self.samples["instrument"].to_physical().to_numpy()] + self.samples["row"].to_numpy()

    def indices(self, part: str, fold: int = -1) -> Indices:
        """The samples of a part (train, validation, test or purged), ascending; of the last fold, the newest one.

        Raises:
            Unknown: when there is no such part or fold.
        """
        if part not in PARTS:
            raise Unknown.of("part", part, PARTS)
        folds = range(len(self.manifest["folds"]))
        if fold not in (*folds, -1):
            raise Unknown.of("fold", str(fold), map(str, folds))
        chosen = self.folds.filter(pl.col("fold") == folds[fold], pl.col("part") == part)
        return chosen["sample"].to_numpy().astype(np.int64)

    def windows(self, indices: Indices, feature: str) -> Floats:
        """The bars each sample shows of a feature, oldest first: shape (samples, window, columns), never stored.

        A window of a C-contiguous block is one run of memory, so gathering is one block copy a sample.
        """
        if feature not in self.features:
            raise Unknown.of("feature of the dataset", feature, self.features)
        block, length = self.blocks[feature], self.features[feature]["window"]
        width = block.shape[1]
        runs = sliding_window_view(block.reshape(-1), length * width)[::width]
        return runs[self.ends[indices] - (length - 1)].reshape(-1, length, width)

    def last(self, indices: Indices) -> Floats:
        """All columns at each sample's own bar: shape (samples, columns)."""
        ends = self.ends[indices]
        return np.concatenate([block[ends] for block in self.blocks.values()], axis=1)

    def labels(self, indices: Indices, label: str) -> NDArray[Any]:
        """Values of a label column: a Boolean as 0 or 1, a category as its class's code, a number as float32.

        Raises:
            Unknown: when the dataset has no such label.
        """
        if label not in self.classes:
            raise Unknown.of("label of the dataset", label, self.classes)
        values = self.samples[label][indices]
        if values.dtype.is_numeric():
            return values.cast(pl.Float32).to_numpy()
        return values.to_physical().cast(pl.Int32).to_numpy()

    def label_intervals(self, indices: Indices) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Start (`ts`) and end of each sample's label interval, in nanoseconds UTC."""
        chosen = self.samples[indices]
        return chosen["ts"].to_physical().to_numpy(), chosen["label_end"].to_physical().to_numpy()

    def batches(
        self, part: str, batch_size: int, seed: int = 0, epoch: int = 0, shuffle: bool = True, fold: int = -1
    ) -> Iterator[Batch]:
        """Windows by feature and values by label column, batch after batch; the last one may be smaller.

        The order depends on (`seed`, `epoch`) alone, so an interrupted epoch can be repeated.
        """
        order = self.indices(part, fold)
        if shuffle:
            order = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, epoch)))).permutation(order)
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            yield (
                {feature: self.windows(chosen, feature) for feature in self.features},
                {label: self.labels(chosen, label) for label in self.classes},
            )

    @cached_property
    def _chunks(self) -> dict[str, list[Chunk]]:
        """Chunks of the features, by instrument."""
        chunks = [Chunk(**entry) for entry in self.manifest["chunks"] if entry["kind"] == "features"]
        return {
            name: [c for c in chunks if c.instrument == name] for name in dict.fromkeys(c.instrument for c in chunks)
        }

    @cached_property
    def _offsets(self) -> dict[str, int]:
        """Where each instrument's series starts in the blocks."""
        heights = [sum(chunk.rows for chunk in chunks) for chunks in self._chunks.values()]
        return dict(zip(self._chunks, [0, *np.cumsum(heights)[:-1].tolist()], strict=True))
