"""Numba at the first call and not before: a kernel costs nothing to code that never runs it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` with numba when it is first called; the plain function stays at `__wrapped__`.

    The machine code is kept on disk beside the source, or in the user's cache where an installation is read-only;
    where neither can be written, each process compiles anew. Kernels release the GIL and keep IEEE order of
    operations, so they return what the plain function returns, bit for bit.
    """

    @cache
    def kernel() -> Callable[P, R]:
        import numba

        try:
            return numba.njit(cache=True, nogil=True)(function)
        except RuntimeError:  # numba: no locator available, nowhere to keep the machine code
            return numba.njit(nogil=True)(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return kernel()(*args, **kwargs)

    return call
