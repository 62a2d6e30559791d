"""Digests: one canonical way to name content, so that equal inputs carry equal names."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable
from datetime import date, time, timedelta
from functools import cache
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: the same text for the same value on any machine.

    Raises:
        TypeError: when `value` holds something whose text could differ between runs.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)


def digest(*values: Any) -> str:
    """Hex sha256 of the canonical JSON of `values`.

    Example:
        >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
        True
    """
    return hashlib.sha256(canonical(values).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Hex sha256 of a file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def source_digest(function: Callable[..., Any]) -> str:
    """Hex sha256 of the file that defines `function`: editing the file changes what depends on it."""
    return file_digest(Path(inspect.getfile(inspect.unwrap(function))))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, date | time | timedelta | PurePath | pl.DataType):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical text: it may differ between runs")


@cache
def code_digest() -> str:
    """Hex sha256 over the sources of this package, as they were when first asked for."""
    package = Path(__file__).parents[1]
    return digest({str(path.relative_to(package)): file_digest(path) for path in sorted(package.rglob("*.py"))})
