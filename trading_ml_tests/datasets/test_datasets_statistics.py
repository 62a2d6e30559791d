"""Statistics put together from chunks equal those of the whole."""

from __future__ import annotations

import math
import statistics

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.datasets.statistics import combine, moments

values = st.lists(st.floats(-1e6, 1e6, width=32) | st.none() | st.just(math.nan) | st.just(math.inf))


@given(st.lists(values, max_size=5))
def test_chunks_add_up(chunks: list[list[float | None]]) -> None:
    told = combine(moments(pl.Series(chunk, dtype=pl.Float32)) for chunk in chunks)
    whole = [value for chunk in chunks for value in chunk]
    finite = [value for value in whole if value is not None and math.isfinite(value)]
    assert told["nulls"] == whole.count(None)
    if not finite:
        assert told["mean"] is None
        return
    assert (told["min"], told["max"]) == (min(finite), max(finite))
    assert told["mean"] == pytest.approx(statistics.fmean(finite), rel=1e-9, abs=1e-6)
    assert told["std"] == pytest.approx(statistics.pstdev(finite), rel=1e-6, abs=1e-6)
