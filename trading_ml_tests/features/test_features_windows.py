"""Windows and kernels: the answers of a plain loop, and one computation however often a script names them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.params import Params
from trading_ml.core.script import Bound, Script
from trading_ml.features.kernel import kernel
from trading_ml.features.moving import covariance, slope
from trading_ml.features.windows import deviation, largest, mean, smallest, summed

X = pl.col("x")
WINDOWS: dict[Callable[[pl.Expr, int], pl.Expr], Callable[[list[float]], float]] = {
    largest: max,
    smallest: min,
    mean: lambda window: float(np.mean(window)),
    summed: sum,
    deviation: lambda window: float(np.std(window, ddof=1)),
}


@pytest.mark.parametrize("window", WINDOWS)
@given(
    values=st.lists(st.one_of(st.none(), st.integers(-9, 9).map(float)), max_size=30),
    lead=st.integers(0, 6),
    period=st.integers(2, 7),
)
def test_a_window_is_what_a_loop_makes_of_it_and_unknown_where_one_of_its_values_is(
    window: Callable[[pl.Expr, int], pl.Expr], values: list[float | None], lead: int, period: int
) -> None:
    column = [None] * lead + values
    found = pl.DataFrame({"x": column}, schema={"x": pl.Float64}).select(window(X, period)).to_series().to_list()
    for row, value in enumerate(found):
        last = [value for value in column[max(row - period + 1, 0) : row + 1] if value is not None]
        assert value == (pytest.approx(WINDOWS[window](last), abs=1e-9) if len(last) == period else None)


def test_a_window_of_one_bar_or_of_more_than_there_are() -> None:
    bars = pl.DataFrame({"x": [3, 1, 2]})
    assert bars.select(largest(X, 1)).to_series().to_list() == [3, 1, 2]
    assert bars.select(smallest(X, 200_000)).to_series().to_list() == [None] * 3
    assert bars.clear().select(largest(X, 3)).height == 0


@pytest.mark.parametrize("rows", [0, 3, 255, 256, 257, 700])
@pytest.mark.parametrize("holes", [(), (2,), (256, 300)])
def test_sums_of_pairs_are_those_of_each_window_alone(rows: int, holes: tuple[int, ...]) -> None:
    random = np.random.default_rng(3)
    x, y = random.normal(size=(2, rows)).cumsum(axis=1)
    x[[hole for hole in holes if hole < rows]] = np.nan
    frame = pl.DataFrame({"x": pl.Series(x, nan_to_null=True), "y": y})
    found = frame.select(c=covariance(X, pl.col("y"), 5), s=slope(X, pl.col("y"), 5))
    for row in range(rows):
        last = slice(row - 4, row + 1)
        if row < 4 or np.isnan(x[last]).any():
            assert found.row(row) == (None, None)
        else:
            together = np.cov(x[last], y[last])
            assert found.row(row) == pytest.approx((together[0, 1], together[0, 1] / together[0, 0]))


def test_what_several_columns_name_is_computed_once() -> None:
    calls = []

    def counted(values: np.ndarray) -> np.ndarray:
        calls.append(len(values))
        return values + 1

    def script() -> dict[str, pl.Expr]:
        more = kernel(counted, "x")
        return {"one": more, "twice": 2 * more, "square": more**2}

    bound = Bound(Script("script", "feature", script, Params), Params())
    assert bound.evaluate(pl.DataFrame({"x": [1.0, 2.0]})).rows() == [(2, 4, 4), (3, 6, 9)]
    assert calls == [2]
