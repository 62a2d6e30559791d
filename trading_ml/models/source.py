"""What a model needs of a dataset, as a protocol: models and datasets do not know each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.errors import BadInput, BadParams, NoData, nearest
from trading_ml.models.form import Form

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
Kind = Literal["binary", "categorical", "numeric"]
PARTS = ("train", "validation", "test", "purged")


class Source(Form, Protocol):
    """A dataset, for training and judging. Sample `i` is row `i` of `samples`; methods take such numbers."""

    @property
    def digest(self) -> str:
        """Hex sha256 of everything that decides the content."""
        ...

    @cached_property
    def samples(self) -> pl.DataFrame:
        """Among others the `instrument` and the `weight` of each sample."""
        ...

    @cached_property
    def blocks(self) -> Mapping[str, Floats]:
        """Per feature the values of all instruments, one below the other, shape (bars, columns), raw values."""
        ...

    @cached_property
    def ends(self) -> Indices:
        """Per sample the row of its own bar in the blocks, which is the last that it shows."""
        ...

    def indices(self, part: str) -> Indices:
        """The samples of a part, one of `PARTS`, ascending."""
        ...

    def windows(self, indices: Indices, feature: str) -> Floats:
        """The bars each sample shows of a feature, oldest first: shape (samples, window, columns), raw values."""
        ...

    def last(self, indices: Indices) -> Floats:
        """All feature columns at each sample's own bar: shape (samples, columns)."""
        ...

    def labels(self, indices: Indices, label: str) -> NDArray[Any]:
        """Values of a label column: positions in its classes, or numbers."""
        ...

    def label_intervals(self, indices: Indices) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Each sample's time and when its label is known, nanoseconds UTC."""
        ...


@dataclass(frozen=True)
class Target:
    """A label, or a column of one, as a model answers it."""

    name: str
    columns: tuple[str, ...]
    """Its columns in the dataset; only numbers have several."""
    classes: tuple[str, ...] | None
    """Names of the classes by position; None for numbers."""

    @property
    def kind(self) -> Kind:
        """Two classes are answered by the probability of the second, several by one each, a number by itself."""
        if self.classes is None:
            return "numeric"
        return "binary" if len(self.classes) == 2 else "categorical"

    @property
    def width(self) -> int:
        """Numbers in an answer."""
        return {"binary": 1, "categorical": len(self.classes or ()), "numeric": len(self.columns)}[self.kind]


def target(source: Form, name: str) -> Target:
    """A label of a dataset, or one column of it.

    Raises:
        BadParams: when there is none of this name, or its columns cannot be answered by one output.
    """
    entries = [entry for entry in source.manifest["labels"] if name in (entry["name"], entry["column"])]
    if not entries:
        known = {key for entry in source.manifest["labels"] for key in (entry["name"], entry["column"])}
        raise BadParams(f"label {name}", "is not in the dataset", nearest(name, known))
    columns, classes = tuple(entry["column"] for entry in entries), entries[0]["classes"]
    if len(entries) > 1 and any(entry["classes"] for entry in entries):
        raise BadParams(f"label {name}", f"has several columns with classes: {', '.join(columns)}", "name one column")
    return Target(name, columns, classes and tuple(classes))


def answers(source: Source, indices: Indices, asked: Target) -> NDArray[Any]:
    """What a model is to answer: codes of classes, or numbers, several side by side where the label has columns."""
    if asked.kind == "numeric":
        columns = [source.labels(indices, column).astype(np.float32) for column in asked.columns]
        return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)
    values = source.labels(indices, asked.columns[0])
    return values.astype(np.int32 if asked.kind == "categorical" else np.float32)


def targets(source: Form, names: Iterable[str] | None = None) -> list[Target]:
    """Some labels of a dataset; all of them where none is named.

    Raises:
        BadParams: when one of them cannot be answered.
    """
    every = dict.fromkeys(entry["name"] for entry in source.manifest["labels"])
    return [target(source, name) for name in (every if names is None else names)]


def sole_target(source: Source) -> Target:
    """The one label of a dataset.

    Raises:
        BadInput: when there are several.
    """
    names = list(dict.fromkeys(entry["name"] for entry in source.manifest["labels"]))
    if len(names) > 1:
        problem = "are several, but here one is judged"
        raise BadInput(f"labels {', '.join(names)}", problem, "leave one label in the project file")
    return target(source, names[0])


def part(source: Source, name: str) -> Indices:
    """The samples of a part.

    Raises:
        NoData: when it is empty.
    """
    found = source.indices(name)
    if not len(found):
        fix = "widen the dates, or move the dates of the split"
        raise NoData(f"dataset {source.digest[:12]}", f"has no {name} samples", fix)
    return found
