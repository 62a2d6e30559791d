"""Directions, against plain loops."""

from __future__ import annotations

from statistics import mean, median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.models.discovery import Discovery, Spread

CHANGES = st.lists(st.tuples(st.sampled_from([-2.0, -0.5, 0.0, 1.0, 3.0]), st.sampled_from([-1.0, 0.0, 0.5, 4.0])))


def looped(said: list[float], happened: list[float]) -> tuple[str, list[int]]:
    course, points, sum_ = "", [], 0
    for told, came in zip(said, happened, strict=True):
        if told == 0 or came == 0:
            course += "0"
        elif (told > 0) == (came > 0):
            course, sum_ = course + "+", sum_ + 1
        else:
            course, sum_ = course + "-", sum_ - 1
        points.append(sum_)
    return course, points


@given(CHANGES)
def test_it_is_what_a_loop_finds(pairs: list[tuple[float, float]]) -> None:
    said, happened = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    found = Discovery.of(np.array(said), np.array(happened))
    course, points = looped(said, happened)
    assert (found.course, found.points) == (course, points)
    assert (found.right, found.wrong) == (course.count("+"), course.count("-"))
    assert found.silent == said.count(0)
    assert found.flat == sum(told != 0 and came == 0 for told, came in pairs)
    assert found.samples == found.right + found.wrong + found.silent + found.flat
    assert found.accuracy == (found.right / (found.right + found.wrong) if found.right + found.wrong else None)
    for way, sign in ((found.rises, 1), (found.falls, -1)):
        decided = [(told, came) for told, came in pairs if told and came]
        mine = [(told, came) for told, came in decided if told * sign > 0]
        right = [(told, came) for told, came in mine if came * sign > 0]
        wrong = [pair for pair in mine if pair not in right]
        assert way.happened == sum(came * sign > 0 for _, came in decided)
        assert (way.said, way.right) == (len(mine), len(right))
        assert way.accuracy == (len(right) / len(mine) if mine else None)
        for spread, values in (
            (way.said_right, [told for told, _ in right]), (way.said_wrong, [told for told, _ in wrong]),
            (way.happened_right, [came for _, came in right]), (way.happened_wrong, [came for _, came in wrong]),
        ):  # fmt: skip
            same(spread, values)


def same(spread: Spread | None, values: list[float]) -> None:
    if not values:
        assert spread is None
        return
    assert spread is not None
    assert (spread.least, spread.most) == (min(values), max(values))
    assert spread.mean == pytest.approx(mean(values))
    assert spread.median == pytest.approx(median(values))


def test_of_a_path_the_last_column_decides() -> None:
    said, happened = np.array([[5.0, -1.0], [-5.0, 2.0]]), np.array([[9.0, -3.0], [9.0, -3.0]])
    assert Discovery.of(said, happened).course == "+-"


def test_levels_are_changes_from_what_was_known() -> None:
    found = Discovery.of(np.array([101.0, 99.0, 100.0]), np.array([105.0, 103.0, 90.0]), np.array([100.0, 100, 100]))
    assert found.course == "+-0"
    assert found.rises.said_right == Spread(least=1, most=1, mean=1, median=1)
    assert found.falls.happened_wrong == Spread(least=3, most=3, mean=3, median=3)
    assert found.silent == 1


def test_who_never_says_anything_has_no_accuracy() -> None:
    found = Discovery.of(np.zeros(3), np.array([1.0, -1.0, 0.0]))
    assert (found.accuracy, found.silent, found.course) == (None, 3, "000")
