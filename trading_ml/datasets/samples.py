"""Samples: which bars of an instrument's series may be learnt from, and why each of the others may not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.errors import BadParams, nearest
from trading_ml.datasets.layout import Window

REASONS = ("not_sampled", "short_history", "null_feature", "non_finite", "null_label", "filtered")
_EXTREME = 1e30


def judge(
    series: pl.DataFrame,
    labels: pl.DataFrame,
    windows: Mapping[str, Window],
    where: str | None = None,
    sampled: NDArray[np.bool_] | None = None,
) -> NDArray[np.int8]:
    """For every bar 0 where it makes a sample, else 1 + the position of the first of `REASONS` that speaks against it.

    Args:
        series: Float32 feature columns of one instrument, in bar order.
        labels: Label columns and `label_end` of the same bars; a null anywhere is no label.
        windows: What a sample shows, by feature.
        where: Filter in SQL over the feature columns of the sample's own bar.
        sampled: Bars that the sampler takes; all if left out.

    Raises:
        BadParams: when `where` cannot be evaluated, is no yes or no, or looks at other bars.
    """
    rows = np.arange(series.height)
    short = rows < max(window.length for window in windows.values()) - 1
    null, unusual = np.zeros(series.height, np.bool_), ~_finite(labels)
    for window in windows.values():
        shown = series.select(window.columns)
        null |= _recent(~_present(shown), window.length)
        unusual |= _recent(~_finite(shown), window.length)
    unlabelled = ~_present(labels)
    filtered = np.zeros(series.height, np.bool_) if where is None else ~passes(series, where)
    passed_over = np.zeros(series.height, np.bool_) if sampled is None else ~sampled
    return np.select([passed_over, short, null, unusual, unlabelled, filtered], range(1, len(REASONS) + 1), 0).astype(
        np.int8
    )


def passes(series: pl.DataFrame, where: str) -> NDArray[np.bool_]:
    """Which bars the filter lets through; null does not pass.

    The columns of a feature with several are written `feature.column`. A filter is known at its bar only if it looks
    at no other: it is asked again with every other bar away, or driven to an extreme, and its answers must stay.

    Raises:
        BadParams: when `where` cannot be evaluated, is no yes or no, or looks at other bars.

    Example:
        >>> passes(pl.DataFrame({"ohlcv.volume": [0.0, 5.0]}), "ohlcv.volume > 1").tolist()
        [False, True]
    """
    answers = _ask(series, where)
    for own in (np.arange(series.height) % 2 == half for half in range(2)):
        again = [_ask(series.filter(own), where)]
        for extreme in (_EXTREME, -_EXTREME):
            driven = pl.when(pl.Series(own)).then(pl.all()).otherwise(pl.lit(extreme, pl.Float32)).name.keep()
            again.append(_ask(series.select(driven), where)[own])
        if any(not np.array_equal(answers[own], other) for other in again):
            raise BadParams("samples.where", f"'{where}' looks at other bars", "compare columns of the same bar only")
    return answers


def _ask(series: pl.DataFrame, where: str) -> NDArray[np.bool_]:
    """Answers of the filter; `feature.column` reads as a field, so each feature is offered as a struct as well."""
    groups: dict[str, list[str]] = {}
    for column in series.columns:
        feature, dot, _ = column.partition(".")
        if dot:
            groups.setdefault(feature, []).append(column)
    structs = [
        pl.struct(pl.col(c).alias(c.partition(".")[2]) for c in columns).alias(feature)
        for feature, columns in groups.items()
    ]
    try:
        answers = series.with_columns(structs).select(_=pl.sql_expr(where), __=pl.int_range(pl.len())).to_series(0)
    except (pl.exceptions.ColumnNotFoundError, pl.exceptions.StructFieldNotFoundError) as caught:
        name = str(caught).split('"')[1] if '"' in str(caught) else str(caught).splitlines()[0]
        raise BadParams("samples.where", f"unknown column '{name}'", nearest(name, series.columns)) from None
    except pl.exceptions.PolarsError as caught:
        raise BadParams("samples.where", f"'{where}' fails: {str(caught).splitlines()[0]}") from None
    if answers.dtype != pl.Boolean:
        raise BadParams("samples.where", f"'{where}' gives {answers.dtype}, not a yes or no", "compare with something")
    return answers.fill_null(False).to_numpy()


def _present(frame: pl.DataFrame) -> NDArray[np.bool_]:
    """Rows without a null."""
    return frame.select(pl.all_horizontal(pl.all().is_not_null())).to_series().to_numpy()


def _finite(frame: pl.DataFrame) -> NDArray[np.bool_]:
    """Rows whose numbers, where present, are all finite."""
    finite = np.ones(frame.height, np.bool_)
    for column in frame.iter_columns():
        if column.dtype.is_float():
            finite &= column.is_finite().fill_null(True).to_numpy()
    return finite


def _recent(bad: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """Rows with something bad among themselves and the `length` − 1 rows before."""
    rows = np.arange(len(bad))
    last = np.maximum.accumulate(np.where(bad, rows, -length))
    return rows - last < length
