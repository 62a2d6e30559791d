"""Keras layers of our own, one file each; scalings live inside the model, so serving takes raw values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from trading_ml.core.origin import loaded


def register(file: Path) -> None:
    """Make known to Keras the layers that a model's file names and Keras does not have: ours, and those of its user.

    Nothing else of a user's code is run when a model is opened.

    Raises:
        Unknown: when the module of such a layer is not there.
    """
    with ZipFile(file) as parts:
        config = json.loads(parts.read("config.json"))
    for module in sorted(set(_named(config))):
        loaded(module, f"layers of {file.name}")


def _named(told: Any) -> Iterator[str]:
    """Modules of what is registered in a config."""
    if isinstance(told, dict):
        module, name = told.get("module"), told.get("registered_name")
        if isinstance(module, str) and isinstance(name, str) and ">" in name and module.partition(".")[0] != "keras":
            yield module
    for inner in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        yield from _named(inner)
