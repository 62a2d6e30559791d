"""Keras layers of our own, one file each; scalings live inside the model, so serving takes raw values."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path


def register() -> None:
    """Make all of them known to Keras, so that models can come from files in a process that has built none."""
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        import_module(f"{__name__}.{path.stem}")
