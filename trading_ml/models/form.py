"""The form of a dataset: as much of one as a model must know to be built, before there are any samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Form(Protocol):
    """What features and labels look like."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What is in the dataset; `labels` lists each label column with its classes."""
        ...

    @property
    def features(self) -> Mapping[str, Mapping[str, Any]]:
        """By feature, in the project's order: its `window` in bars and its `columns`."""
        ...


@dataclass(frozen=True)
class Blank:
    """The form of a dataset that is not built yet.

    Example:
        >>> Blank.of({"atr": (20, ["atr"])}, [("rises", "rises", ["no", "yes"])]).features["atr"]["window"]
        20
    """

    features: Mapping[str, Mapping[str, Any]]
    manifest: Mapping[str, Any]

    @classmethod
    def of(
        cls, features: Mapping[str, tuple[int, Sequence[str]]], labels: Iterable[tuple[str, str, Sequence[str] | None]]
    ) -> Blank:
        """From (window, columns) by feature, and (label, column, names of its classes or None) of each label column."""
        shown = {name: {"name": name, "window": length, "columns": cols} for name, (length, cols) in features.items()}
        told = [{"name": name, "column": column, "classes": classes} for name, column, classes in labels]
        return cls(shown, {"labels": told})
