"""What a model needs of a dataset, as a protocol: models and datasets do not know each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.errors import BadInput, NoData

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
PARTS = ("train", "validation", "test", "purged")


class Source(Protocol):
    """A dataset, for training and judging. Sample `i` is row `i` of `samples`; methods take such numbers."""

    @property
    def digest(self) -> str:
        """Hex sha256 of everything that decides the content."""
        ...

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """What is in it; `labels` lists each label column with its classes."""
        ...

    @cached_property
    def features(self) -> Mapping[str, Mapping[str, Any]]:
        """By feature, in the project's order: its `window` in bars and its `columns`."""
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
    """A label column as a model sees it."""

    name: str
    classes: tuple[str, ...] | None
    """Names of the classes by position; None for a number."""

    @property
    def kind(self) -> Literal["binary", "categorical", "numeric"]:
        """Two classes are answered by the probability of the second, several by one each, a number by itself."""
        if self.classes is None:
            return "numeric"
        return "binary" if len(self.classes) == 2 else "categorical"


def sole_target(source: Source) -> Target:
    """The one label column of a dataset.

    Raises:
        BadInput: when there are several.
    """
    first, *others = source.manifest["labels"]
    if others:
        named = ", ".join(entry["column"] for entry in source.manifest["labels"])
        raise BadInput(f"labels {named}", "are several, but a model learns one", "leave one label in the project file")
    return Target(first["column"], first["classes"] and tuple(first["classes"]))


def binary_target(source: Source) -> Target:
    """The one label column of a dataset, which has two classes.

    Raises:
        BadInput: when it is of another kind, or there are several.
    """
    target = sole_target(source)
    if target.kind != "binary":
        problem = f"is {target.kind}, but only labels of two classes can be judged"
        raise BadInput(f"label {target.name}", problem, "let the label script return a Boolean")
    return target


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
