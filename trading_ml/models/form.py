"""The form of a dataset: as much of one as a model must know to be built, before there are any samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol


class Form(Protocol):
    """What features and labels look like."""

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """What is in the dataset; `labels` lists each label column with its classes."""
        ...

    @cached_property
    def features(self) -> Mapping[str, Mapping[str, Any]]:
        """By feature, in the project's order: its `window` in bars and its `columns`."""
        ...


@dataclass(frozen=True)
class Blank:
    """The form of a dataset that is not built yet.

    Example:
        >>> Blank({"atr": (20, ["atr"])}, [("rises", "rises", ["no", "yes"])]).features["atr"]["window"]
        20
    """

    shown: Mapping[str, tuple[int, Sequence[str]]]
    """By feature its window and its columns."""
    asked: Sequence[tuple[str, str, Sequence[str] | None]]
    """Of each label column the label, the column, and the names of its classes or None."""

    @cached_property
    def features(self) -> Mapping[str, Mapping[str, Any]]:
        """By feature its `window` and its `columns`."""
        return {name: {"name": name, "window": bars, "columns": names} for name, (bars, names) in self.shown.items()}

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """Its `labels`."""
        return {"labels": [dict(zip(("name", "column", "classes"), told, strict=True)) for told in self.asked]}
