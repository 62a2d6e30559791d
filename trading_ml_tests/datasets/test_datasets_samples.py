"""Which bars make samples: against a plain loop over windows, and the filter's demands."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.errors import BadParams
from trading_ml.datasets.layout import Window
from trading_ml.datasets.samplers import resolve
from trading_ml.datasets.samples import REASONS, judge, passes

WINDOWS = {"pair": Window(3, ("pair.a", "pair.b")), "single": Window(4, ("single",))}
value = st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, None, math.nan, math.inf])
rows = st.lists(st.tuples(value, value, value, st.sampled_from([True, False, None]), st.sampled_from([9, None])))


def bars(given_rows: list) -> tuple[pl.DataFrame, pl.DataFrame]:
    columns = list(zip(*given_rows, strict=True)) if given_rows else [[]] * 5
    names = ("pair.a", "pair.b", "single")
    series = pl.DataFrame({n: pl.Series(c, dtype=pl.Float32) for n, c in zip(names, columns, strict=False)})
    kinds = {"up": pl.Boolean, "label_end": pl.Int64}
    labels = {n: pl.Series(c, dtype=kinds[n]) for n, c in zip(kinds, columns[3:], strict=True)}
    return series, pl.DataFrame(labels)


def reason(given_rows: list, row: int) -> str | None:
    if row < 3:
        return "short_history"
    seen = [r[:2] for r in given_rows[row - 2 : row + 1]] + [r[2:3] for r in given_rows[row - 3 : row + 1]]
    shown = [value for values in seen for value in values]
    if None in shown:
        return "null_feature"
    if not all(map(math.isfinite, shown)):
        return "non_finite"
    if None in given_rows[row][3:]:
        return "null_label"
    return "filtered" if not given_rows[row][2] > 2 else None


@given(rows)
def test_every_bar_has_the_first_reason_that_fits(given_rows: list) -> None:
    told = judge(*bars(given_rows), WINDOWS, "single > 2")
    expected = [reason(given_rows, row) for row in range(len(given_rows))]
    assert [REASONS[code - 1] if code else None for code in told] == expected


def test_a_label_that_is_not_finite_makes_no_sample() -> None:
    series = pl.DataFrame({"x": [1.0, 1.0]}, schema={"x": pl.Float32})
    labels = pl.DataFrame({"gain": [math.inf, 1.0], "label_end": [9, 9]})
    assert judge(series, labels, {"x": Window(1, ("x",))}).tolist() == [1 + REASONS.index("non_finite"), 0]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("volume > 1", [False, True, False, True]),
        ("ohlcv.close > 1 AND volume < 9", [True, False, False, False]),
        ('"ohlcv.close" > 1', [True, False, True, False]),
        ("volume IS NULL OR volume BETWEEN 2 AND 3", [False, True, True, False]),
        ("TRUE", [True, True, True, True]),
    ],
)
def test_filter(where: str, expected: list[bool]) -> None:
    series = pl.DataFrame({"ohlcv.close": [2.0, 1.0, 2.0, 1.0], "volume": [1.0, 2.0, None, 9.0]})
    assert passes(series.cast(pl.Float32), where).tolist() == expected


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("volum > 1", "unknown column 'volum'; did you mean 'volume'?"),
        ("ohlcv.clos > 1", "unknown column 'clos'"),
        ("volume + 1", "not a yes or no"),
        ("volume > 'high'", "fails"),
        ("volume > AVG(volume)", "looks at other bars"),
        ("COUNT(*) > 30", "looks at other bars"),
        ("LEAD(volume) OVER (ORDER BY volume) > 1", "looks at other bars"),
    ],
)
def test_filter_refused(where: str, problem: str) -> None:
    rng = np.random.default_rng(0)
    series = pl.DataFrame({"ohlcv.close": rng.normal(size=50), "volume": rng.normal(size=50)}).cast(pl.Float32)
    with pytest.raises(BadParams, match=r"^samples\.where: ") as caught:
        passes(series, where)
    assert problem in str(caught.value)


def test_filter_that_is_no_sql_is_refused_with_the_project() -> None:
    with pytest.raises(BadParams, match=r"samples\.where: is not a SQL condition"):
        resolve({"where": "volume >"})
