"""Which of two levels a price touches first, and when: the scan that labels with barriers share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.compiled import compiled
from trading_ml.labels.once import once

Numbers = NDArray[np.float64]

BELOW, NEITHER, ABOVE, BOTH = -1, 0, 1, 2
"""Sides: which level was touched; both when one bar holds the two, for bars do not tell in which order."""
_BLOCK = 16


def touching(
    inputs: Mapping[str, pl.Expr], horizon: int, answer: pl.Expr, kind: type[pl.DataType], **levels: pl.Expr
) -> pl.Expr:
    """Answers from the first of the bars t + 1 … t + `horizon` with high ≥ above[t] or low ≤ below[t].

    Args:
        inputs: What levels and answer read, made of the bars' columns; high and low are among them by themselves.
        horizon: Bars after which neither counts as touched.
        answer: Made of `side` (above, below, neither, both), `bar` (the row at which that was decided), inputs and
            levels; side and bar are null where a level is unknown, and where the bars end before it is decided.
        kind: What type the answer has.
        **levels: `above` and `below`, for each row, made of the inputs; infinite if there is none. Also `high` and
            `low`, where it is not the bars' own that touch.

    Returns:
        A structure: `answer`, and `bar`.

    Example:
        >>> bars = pl.DataFrame({"high": [1.0, 1.2, 1.5, 1.1], "low": [1.0, 0.9, 1.2, 0.4]})
        >>> found = touching({}, 2, pl.col("side"), pl.Int8, above=pl.lit(1.4), below=pl.lit(0.5))
        >>> bars.select(found).unnest("touching").rows()
        [(1, 2), (1, 2), (-1, 3), (None, None)]
    """

    def scan(rows: pl.Series) -> pl.Series:
        frame = rows.struct.unnest().with_columns_seq(**levels)
        high, low, above, below = (numbers(frame[name]) for name in ("high", "low", "above", "below"))
        side, bar = _first(high, low, above, below, horizon)
        scanned = frame.hstack([pl.Series("side", side), pl.Series("bar", bar)])
        known = scanned.with_columns_seq(pl.when(pl.col("bar") >= 0).then(pl.col("side", "bar")))
        return known.select_seq(answer.alias("answer"), pl.col("bar").cast(pl.UInt32)).to_struct(rows.name)

    found = pl.Struct({"answer": kind, "bar": pl.UInt32})
    named = [expression.alias(name) for name, expression in inputs.items()]
    return pl.struct("high", "low", *named).map_batches(once(scan), return_dtype=found).alias("touching")


def numbers(column: pl.Series) -> Numbers:
    """A column as kernels read it; null is NaN."""
    return np.ascontiguousarray(column.cast(pl.Float64).to_numpy())


@compiled
def _first(
    high: Numbers, low: Numbers, above: Numbers, below: Numbers, horizon: int
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Sides and rows, −1 where undecided; blocks of bars that touch neither level are passed over at once."""
    rows = len(high)
    blocks = rows // _BLOCK + 1
    tops, bottoms = np.full((2, blocks), -np.inf), np.full((2, blocks), np.inf)
    for k in range(rows):
        for level, size in enumerate((_BLOCK, _BLOCK * _BLOCK)):
            tops[level, k // size] = max(tops[level, k // size], high[k])  # a NaN is never larger
            bottoms[level, k // size] = min(bottoms[level, k // size], low[k])
    side, bar = np.zeros(rows, np.int8), np.full(rows, -1, np.int64)
    for t in range(rows):
        up, down, k, last = above[t], below[t], t + 1, min(t + horizon, rows - 1)
        if np.isnan(up) or np.isnan(down):
            continue
        while k <= last:
            block, large = k // _BLOCK, k // (_BLOCK * _BLOCK)
            if k % (_BLOCK * _BLOCK) == 0 and tops[1, large] < up and bottoms[1, large] > down:
                k += _BLOCK * _BLOCK
            elif k % _BLOCK == 0 and tops[0, block] < up and bottoms[0, block] > down:
                k += _BLOCK
            elif high[k] >= up or low[k] <= down:
                break
            else:
                k += 1
        if k <= last:
            bar[t] = k
            side[t] = 2 if high[k] >= up and low[k] <= down else 1 if high[k] >= up else -1
        elif t + horizon < rows:
            bar[t] = t + horizon
    return side, bar
