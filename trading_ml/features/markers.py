"""Markers: they say what a script needs beside its own bars, and do nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from trading_ml.core.errors import BadParams
from trading_ml.core.other import Bars

F = TypeVar("F", bound=Callable[..., Any])


def needs(where: Mapping[str, Any] | None = None, /, **rows: Bars) -> Callable[[F], F]:
    """Ask that other bars be joined as of each bar's close; their columns go by `name.column`.

    A row sees the last other bar with `ts_close` ≤ its own `ts_close`, never an open one, and null where that bar is
    older than `max_age`. With `inside=True` it sees the finer bars of which the bar consists, as lists. A script that
    needs them only under some parameters says which: `@needs({"orders": "recorded"}, orders=Bars(…))`.

    Example:
        >>> import polars as pl
        >>> @needs(slow=Bars("30m"))
        ... def above() -> pl.Expr:
        ...     return pl.col("close") / pl.col("slow.vwap") - 1
        >>> above.needs
        {'slow': Bars(every='30m')}
    """
    for name, bars in rows.items():
        if not isinstance(bars, Bars):
            raise BadParams(f"@needs({name}=…)", f"is {type(bars).__name__}", 'write for example Bars("30m")')

    def mark(function: F) -> F:
        function.needs, function.needs_where = rows, dict(where or {})  # pyright: ignore[reportFunctionMemberAccess]
        return function

    return mark


__all__ = ["Bars", "needs"]
