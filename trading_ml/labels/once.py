"""Kernels that give a label both its value and its end run once for the two."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

Kernel = Callable[[pl.Series], pl.Series]


def once(kernel: Kernel) -> Kernel:
    """A kernel that remembers its last answer until it is asked for it again.

    Two expressions that take a field each of one structure evaluate what makes the structure twice, since Polars does
    not know that a Python function would answer the same. Here the second is given what the first was.

    Example:
        >>> calls = []
        >>> kernel = once(lambda rows: calls.append(rows) or rows + 1)
        >>> rows = pl.Series([1, 2])
        >>> kernel(rows).to_list(), kernel(rows).to_list(), len(calls)
        ([2, 3], [2, 3], 1)
    """
    kept: list[tuple[pl.Series, pl.Series]] = []

    def answer(rows: pl.Series) -> pl.Series:
        try:
            asked, told = kept.pop()
        except IndexError:
            asked, told = None, None
        if asked is not None and told is not None and asked.equals(rows, check_dtypes=True, null_equal=True):
            return told
        told = kernel(rows)
        kept[:] = [(rows, told)]
        return told

    return answer
