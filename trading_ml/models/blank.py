"""A dataset that has no samples yet: as much of one as a model must know to be built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Blank:
    """Features and labels by their form; what asks for samples fails.

    Example:
        >>> Blank.of({"atr": (20, ["atr"])}, [("rises", "rises", ["no", "yes"])]).features["atr"]["window"]
        20
    """

    features: Mapping[str, Mapping[str, Any]]
    manifest: Mapping[str, Any]
    digest: str = ""

    @classmethod
    def of(
        cls, features: Mapping[str, tuple[int, Sequence[str]]], labels: Iterable[tuple[str, str, Sequence[str] | None]]
    ) -> Blank:
        """From (window, columns) by feature, and (label, column, names of its classes or None) of each label column."""
        shown = {name: {"name": name, "window": length, "columns": cols} for name, (length, cols) in features.items()}
        told = [{"name": name, "column": column, "classes": classes} for name, column, classes in labels]
        return cls(shown, {"labels": told})
