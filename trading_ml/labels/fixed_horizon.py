"""Return over the time to come."""

from __future__ import annotations

from typing import Annotated, Literal

import polars as pl
from pydantic import Field


def fixed_horizon(
    *,
    horizon: Annotated[int, Field(ge=1)] = 1,
    seconds: Annotated[int, Field(ge=1)] | None = None,
    kind: Literal["log", "simple", "pct"] = "log",
) -> dict[str, pl.Expr]:
    """Return from this close to the close `horizon` bars, or `seconds`, later.

    Formula: r = c[t+horizon] / c[t]; log: return = ln r; simple: return = r − 1; pct: a hundred times that. By the
    clock, the later close is that of the last bar that closes by s + seconds; where no bar closes in that time, there
    is no answer.
    Units: none, 0.01 is about one percent; of pct, percent.
    Known at: `label_end`, the close of bar t + horizon, or the moment s + seconds.

    Args:
        horizon: Bars ahead.
        seconds: Look ahead by the clock instead, so far.
        kind: Logarithm of the ratio of closes, that ratio less one, or this in percent.

    Example:
        >>> bars = pl.DataFrame({"close": [4.0, 5.0, 3.75], "ts_close": [1, 2, 3]})
        >>> bars.select(**fixed_horizon(kind="simple")).rows()
        [(0.25, 2), (-0.25, 3), (None, None)]
    """
    close, stamp = pl.col("close"), pl.col("ts_close")
    if seconds is None:
        later, end = close.shift(-horizon), stamp.shift(-horizon)
    else:
        moment = stamp + pl.duration(seconds=seconds, time_unit="ns")
        last = stamp.search_sorted(moment, side="right") - 1
        seen = moment <= stamp.last()
        later = pl.when(seen & (last > pl.int_range(pl.len()))).then(close.gather(last))
        end = pl.when(seen).then(moment)
    ratio = later / close
    told = {"log": ratio.log(), "simple": ratio - 1, "pct": 100 * (ratio - 1)}
    return {"return": told[kind], "label_end": end}
