"""Several datasets as one: nothing of one gets into the windows of another, and none teaches what another judges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trading_ml.core.errors import BadParams
from trading_ml.models.joined import Joined
from trading_ml.models.source import PARTS
from trading_ml_tests.models.standin import MINUTE, Standin


class Later(Standin):
    """The same instruments so many minutes later."""

    shift = 0

    def label_intervals(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        starts, ends = super().label_intervals(indices)
        return starts + self.shift * MINUTE, ends + self.shift * MINUTE


def later(shift: int, **told: Any) -> Later:
    made = Later(**told)
    made.shift = shift
    return made


@pytest.fixture(scope="module")
def members() -> list[Later]:
    return [later(0, bars=80), later(10_000, bars=60, seed=2, instruments=("simulated:GAMMA",))]


@pytest.fixture(scope="module")
def joined(members: list[Later]) -> Joined:
    return Joined.of({"one": members[0], "two": members[1]})


def test_each_sample_shows_the_window_of_its_own_series(joined: Joined, members: list[Later]) -> None:
    first = members[0].samples.height
    for name in joined.features:
        for number in range(joined.samples.height):
            member, own = (members[0], number) if number < first else (members[1], number - first)
            expected = member.windows(np.array([own]), name)
            np.testing.assert_array_equal(joined.windows(np.array([number]), name), expected)
    both = np.array([first + 3, 2, first, 5])
    own = [members[1].answers[3], members[0].answers[2], members[1].answers[0], members[0].answers[5]]
    assert joined.labels(both, "rises").tolist() == [int(each) for each in own]
    last = [members[1].last(np.array([3])), members[0].last(np.array([2]))]
    np.testing.assert_array_equal(joined.last(both[:2]), np.concatenate(last))
    assert joined.samples["instrument"].to_list()[:1] == ["simulated:ALFA"]
    assert joined.samples["instrument"].to_list()[-1:] == ["simulated:GAMMA"]


def test_parts_are_those_of_the_members_but_for_what_overlaps(joined: Joined, members: list[Later]) -> None:
    first = members[0].samples.height
    for name, judges in (("train", ("validation", "test")), ("validation", ("test",)), ("test", ())):
        expected = []
        for member, start in zip(members, (0, first), strict=True):
            others = [member.label_intervals(member.indices(judge)) for judge in judges]
            for number in member.indices(name):
                (begins,), (ends,) = member.label_intervals(np.array([number]))
                if not any(
                    begins < end and at < ends for ats, till in others for at, end in zip(ats, till, strict=True)
                ):
                    expected.append(start + number)
        assert joined.indices(name).tolist() == expected
    assert joined.digest != Joined.of({"two": members[1], "one": members[0]}).digest


@pytest.mark.parametrize("shift", [0, 17, 40])
def test_no_sample_teaches_what_another_member_judges(shift: int) -> None:
    whole = Joined.of({"one": later(0, bars=80), "two": later(shift, bars=80, seed=3)})
    every = np.arange(whole.samples.height)
    starts, ends = whole.label_intervals(every)
    parts = {name: set(whole.indices(name).tolist()) for name in PARTS}
    for teaches, judges in (("train", ("validation", "test")), ("validation", ("test",))):
        for one in parts[teaches]:
            for name in judges:
                assert not any(starts[one] < ends[two] and starts[two] < ends[one] for two in parts[name])
    assert sum(map(len, parts.values())) == len(every)


def test_datasets_that_differ_are_refused_in_a_line() -> None:
    with pytest.raises(BadParams, match=r"training.datasets: feature 'close' is not the same in one and two; join"):
        Joined.of({"one": Standin(bars=60), "two": Standin(bars=60, window=7)})
    with pytest.raises(BadParams, match=r"training.datasets: label 'rises' is not the same in one and two"):
        Joined.of({"one": Standin(bars=60), "two": Standin(bars=60, classes=["no", "yes"])})
