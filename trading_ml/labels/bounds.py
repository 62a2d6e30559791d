"""Marker of scripts whose rows decide for themselves how far they look: it names the parameters that end it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from trading_ml.core.script import Bound

F = TypeVar("F", bound=Callable[..., Any])


def bounded(*, back: str = "", ahead: str = "") -> Callable[[F], F]:
    """Name the parameters that say how many bars a row may depend on at most, before it and after it.

    How far a barrier is from being touched differs from row to row, so what is measured on any bars is too little for
    others. Such a script is given as many bars as its parameters allow; a bound can widen what was measured, never
    narrow it, and excuses nothing from the proof.

    Example:
        >>> @bounded(ahead="horizon")
        ... def touched(*, horizon: int = 60): ...
        >>> touched.bounds
        ('', 'horizon')
    """

    def mark(function: F) -> F:
        function.bounds = (back, ahead)  # pyright: ignore[reportFunctionMemberAccess]
        return function

    return mark


def most(bound: Bound) -> tuple[int, int]:
    """Bars before and after a row that the script's parameters allow it to depend on; 0 where it does not say."""
    back, ahead = getattr(bound.script.function, "bounds", ("", ""))
    return getattr(bound.params, back, 0), getattr(bound.params, ahead, 0)
