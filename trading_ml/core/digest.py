"""Digests: one canonical way to name content, so that equal inputs carry equal names."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: the same text for the same value on any machine."""
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
    return str(value)
