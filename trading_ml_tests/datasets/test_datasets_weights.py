"""Average uniqueness against a plain count of who covers which bar."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.datasets import build
from trading_ml.datasets.weights import uniqueness
from trading_ml_tests.datasets.conftest import Tables
from trading_ml_tests.datasets.test_datasets_build import dates


@given(st.dictionaries(st.integers(0, 29), st.integers(0, 12), min_size=1), st.integers(0, 9))
def test_is_the_mean_share_of_each_covered_bar(reach: dict[int, int], late: int) -> None:
    rows = sorted(reach)
    closes = [10 * (bar + 1) for bar in range(30)]
    ends = [closes[row] + 10 * reach[row] + late for row in rows]
    covered = [[bar for bar in range(row + 1, 30) if closes[bar] <= end] for row, end in zip(rows, ends, strict=True)]
    count = [sum(bar in bars for bars in covered) for bar in range(30)]
    expected = [np.mean([1 / count[bar] for bar in bars]) if bars else 1.0 for bars in covered]
    found = uniqueness(np.array(rows), np.array(ends), np.array(closes))
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx(expected, rel=1e-6)


def test_samples_carry_it_where_the_project_asks(tables: Tables) -> None:
    params = tables.params(samples={"weight": "uniqueness"})
    tables.write(params, dates())
    dataset = build(tables.lake, params)
    weights = dataset.samples.filter(pl.col("instrument") == "test:B")["weight"].to_list()
    # Labels look two minutes ahead; the first sample is bar 4, and the day's last label finds no bar any more.
    assert weights[:9] == [0.75, *[0.5] * 6, 1.0, 0.75]


def test_all_count_alike_by_default(tables: Tables) -> None:
    params = tables.params()
    tables.write(params, dates())
    assert build(tables.lake, params).samples["weight"].unique().to_list() == [1.0]
