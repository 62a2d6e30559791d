"""A bounded memory of what was read last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Values by key; the least recently used leave when together they exceed `budget` bytes.

    Args:
        budget: Most bytes to keep; one value larger than that is kept alone.
        weigh: Bytes of a value.
    """

    def __init__(self, budget: int, weigh: Callable[[T], int]) -> None:
        self._budget, self._weigh = budget, weigh
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._bytes, self._lock = 0, Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`, made when it is not at hand."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        value = make()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = value
                self._bytes += self._weigh(value)
            while self._bytes > self._budget and len(self._kept) > 1:
                self._bytes -= self._weigh(self._kept.popitem(last=False)[1])
        return value
