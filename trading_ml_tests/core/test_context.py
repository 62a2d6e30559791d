from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.context import Extent, context
from trading_ml.core.neighbours import Neighbours
from trading_ml.core.time import SECOND

ROWS = st.lists(st.integers(0, 30), min_size=1, max_size=25)
EXTENTS = st.builds(Extent, bars=st.integers(0, 60), seconds=st.sampled_from([0, 3600, 86_400, 5 * 86_400]))
FIRST = date(2024, 3, 1)


def neighbours(rows: list[int], before: Extent, after: Extent) -> Neighbours:
    days = {FIRST + timedelta(days=number): count for number, count in enumerate(rows)}
    return Neighbours(sorted(days), days.__getitem__, before, after)


@pytest.mark.parametrize(
    ("first", "stop", "before", "after", "expected"),
    [
        (5, 7, Extent(), Extent(), (5, 7)),
        (5, 7, Extent(bars=2), Extent(bars=1), (3, 8)),
        (5, 7, Extent(bars=9), Extent(bars=9), (0, 10)),
        (5, 7, Extent(seconds=25), Extent(seconds=25), (2, 10)),  # a bar every ten seconds: through the one beyond
        (5, 7, Extent(seconds=20), Extent(seconds=20), (3, 9)),  # that of exactly then is enough
        (5, 7, Extent(bars=4, seconds=20), Extent(bars=1, seconds=20), (1, 9)),
        (5, 5, Extent(bars=2), Extent(bars=2), (5, 5)),
    ],
)
def test_context_of_rows(first: int, stop: int, before: Extent, after: Extent, expected: tuple[int, int]) -> None:
    assert context(np.arange(10) * 10 * SECOND, first, stop, before, after) == expected


@given(ROWS, EXTENTS, EXTENTS)
def test_context_of_a_date_holds_its_extents_and_nothing_needless(
    rows: list[int], before: Extent, after: Extent
) -> None:
    near = neighbours(rows, before, after)
    for position, day in enumerate(near.dates):
        found = near.context(day)
        assert found == near.dates[near.dates.index(found[0]) : near.dates.index(found[-1]) + 1]
        assert day in found
        for extent, edge, outside in (
            (before, position - near.dates.index(found[0]), near.dates.index(found[0])),
            (after, near.dates.index(found[-1]) - position, len(rows) - 1 - near.dates.index(found[-1])),
        ):
            side = rows[position - edge : position] if extent is before else rows[position + 1 : position + edge + 1]
            assert sum(side) >= extent.bars or outside == 0
            if extent.seconds == 0 and edge:
                nearer = side[1:] if extent is before else side[:-1]
                assert sum(nearer) < extent.bars


@given(ROWS, EXTENTS, EXTENTS)
def test_dependents_are_exactly_the_dates_in_whose_context_a_date_lies(
    rows: list[int], before: Extent, after: Extent
) -> None:
    near = neighbours(rows, before, after)
    for day in near.dates:
        expected = {other for other in near.dates if other != day and day in near.context(other)}
        assert set(near.dependents(day)) == expected


def test_seconds_are_covered_whatever_the_hour_of_the_bars() -> None:
    near = neighbours([1, 1, 1, 1, 0, 1], Extent(seconds=86_400), Extent())
    # a bar may stand at the end of each day: only that of three days before lies surely a day back
    assert near.context(FIRST + timedelta(days=5)) == [FIRST + timedelta(days=number) for number in (2, 3, 4, 5)]
