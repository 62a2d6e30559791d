"""Marker of labels: it says what the values mean, and does nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def label(*, classes: Sequence[str]) -> Callable[[F], F]:
    """Name the classes of a categorical label, in the order of its values: false before true.

    Example:
        >>> @label(classes=["down", "up"])
        ... def sign(): ...
        >>> sign.classes
        ('down', 'up')
    """

    def mark(function: F) -> F:
        function.classes = tuple(classes)  # pyright: ignore[reportFunctionMemberAccess]
        return function

    return mark
