"""Progress of long work: rooms report, whoever started the work listens (a bar in the terminal, a log in the UI)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Listener = Callable[[str, int, int, str], None]
"""Told what is done, how many units of how many, and a note for people where there is more to say."""
T = TypeVar("T")
_listeners: list[Listener] = []


def report(what: str, done: int, total: int, note: str = "") -> None:
    """Tell whoever listens that `done` of `total` units of `what` are finished."""
    for listener in tuple(_listeners):  # a listener may leave while it is told
        listener(what, done, total, note)


def track(what: str, items: Iterable[T], total: int) -> Iterator[T]:
    """Iterate over `items`, reporting after each.

    Example:
        >>> list(track("dates", [1, 2], total=2))
        [1, 2]
    """
    report(what, 0, total)
    for done, item in enumerate(items, start=1):
        yield item
        report(what, done, total)


@contextmanager
def listen(listener: Listener) -> Iterator[None]:
    """Send every report made inside the block to `listener` as well."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
