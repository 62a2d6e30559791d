"""Markers: they say what a script needs beside its own bars, and do nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Bars:
    """Other bars of the same instrument, or of another one.

    Example:
        >>> Bars("1m")
        Bars(every='1m', instrument=None)
    """

    every: str
    """Length of the bars, like `1m`."""
    instrument: str | None = None
    """`SOURCE:SYMBOL`; the script's own instrument if left out."""


def needs(**rows: Bars) -> Callable[[F], F]:
    """Ask that other rows be joined as of each bar's close, their columns prefixed with the name given here.

    Example:
        >>> @needs(fine=Bars("1m"))
        ... def calm() -> pl.Expr: ...
        >>> calm.needs
        {'fine': Bars(every='1m', instrument=None)}
    """

    def mark(function: F) -> F:
        function.needs = rows  # pyright: ignore[reportFunctionMemberAccess]
        return function

    return mark
