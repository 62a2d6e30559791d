"""Shapes for people."""

from __future__ import annotations

from typing import Any


def shape(tensor: Any) -> str:
    """A tensor's shape; the number of samples is open.

    Example:
        >>> import keras
        >>> shape(keras.Input((100, 5)))
        '(samples, 100, 5)'
    """
    return f"({', '.join(['samples', *map(str, tensor.shape[1:])])})"
