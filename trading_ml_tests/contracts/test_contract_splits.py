"""What holds for every split: pure, complete, and free of shared time after the purge."""

from __future__ import annotations

import doctest
import inspect
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.errors import BadParams, NoData
from trading_ml.core.time import NS
from trading_ml.datasets.purge import purge
from trading_ml.datasets.splits import PARTS, SPLITS, Part, Split, resolve

EXAMPLES = {
    "date": {"by": "date", "validation_from": "2024-01-03", "test_from": "2024-01-05"},
    "ratios": {"by": "ratios"},
    "end_amount": {"by": "end_amount", "validation": 5, "test": 5},
    "random": {"by": "random", "block": "6h", "seed": 3},
    "walk_forward": {"by": "walk_forward", "train": 2, "validation": 1, "test": 1},
    "k_fold": {"by": "k_fold", "groups": 4},
    "combinatorial": {"by": "combinatorial", "groups": 4, "test_groups": 2},
}
"""Parameters of every split, fit for the samples drawn here."""
START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = 3600 * 10**9


@st.composite
def drawn(draw: st.DrawFn) -> pl.DataFrame:
    """Hourly moments of a week, four days of them never empty, labels of up to three days, two instruments."""
    sample = st.tuples(st.sampled_from(["test:A", "test:B"]), st.integers(0, 167), st.integers(1, 72))
    rows = sorted([("test:A", 24 * day, 1) for day in range(4)] + draw(st.lists(sample, max_size=36)))
    moments = [START + timedelta(hours=hour) for _, hour, _ in rows]
    frame = {
        "instrument": [name for name, _, _ in rows],
        "ts": moments,
        "label_end": [ts + timedelta(hours=length) for ts, (_, _, length) in zip(moments, rows, strict=True)],
        "date": [ts.date() for ts in moments],
    }
    return pl.DataFrame(frame, schema_overrides={"ts": NS, "label_end": NS, "date": pl.Date})


def split_of(name: str, **changes: object) -> Split:
    split = resolve(EXAMPLES[name] | changes)
    assert isinstance(split, Split)
    return split


def test_every_split_has_an_example() -> None:
    assert set(EXAMPLES) == set(SPLITS)


@pytest.mark.parametrize("name", SPLITS)
def test_parameters_survive_the_snapshot(name: str) -> None:
    split = split_of(name, embargo="2h")
    assert resolve(split.model_dump(mode="json")) == split
    assert split.embargo == 7200


@pytest.mark.parametrize("name", SPLITS)
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"embarg": 1}, "split.embarg: unknown key; did you mean 'embargo'?"),
        ({"embargo": -1}, "split.embargo: "),
        ({"embargo": "soon"}, "split.embargo: is not a duration"),
    ],
)
def test_bad_parameters(name: str, changes: dict, problem: str) -> None:
    with pytest.raises(BadParams) as caught:
        split_of(name, **changes)
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize("name", SPLITS)
@given(drawn())
def test_folds_are_whole_and_pure(name: str, samples: pl.DataFrame) -> None:
    before, split = samples.clone(), split_of(name)
    folds = split.folds(samples)
    assert folds
    for fold, again in zip(folds, split.folds(samples), strict=True):
        assert fold.dtype == Part
        assert len(fold) == samples.height
        assert "purged" not in fold.to_list()
        assert fold.equals(again)
    assert samples.equals(before)


@pytest.mark.parametrize("name", SPLITS)
@given(drawn(), st.integers(0, 5))
def test_parts_share_no_time_after_the_purge(name: str, samples: pl.DataFrame, hours: int) -> None:
    starts, ends = (samples[column].to_physical().to_numpy() for column in ("ts", "label_end"))
    for fold in split_of(name).folds(samples):
        codes = np.array([-1 if part is None else PARTS.index(part) for part in fold], np.int8)
        parts = [(PARTS[code] if code >= 0 else None) for code in purge(codes, starts, ends, hours * HOUR)]
        for i, taught in enumerate(parts):
            for j, judged in enumerate(parts):
                if (taught, judged) in {("train", "validation"), ("train", "test"), ("validation", "test")}:
                    assert ends[i] + hours * HOUR <= starts[j] or ends[j] + hours * HOUR <= starts[i]


def test_date_split_is_of_each_instruments_own_dates() -> None:
    samples = pl.DataFrame({"date": [date(2024, 1, day) for day in (1, 2, 3, 4, 5, 6)]})
    (fold,) = split_of("date").folds(samples)
    assert fold.to_list() == ["train", "train", "validation", "validation", "test", "test"]


def test_date_split_demands_order() -> None:
    with pytest.raises(BadParams, match="test_from 2024-01-01 must come after validation_from 2024-01-03"):
        split_of("date", test_from="2024-01-01")


def test_ratios_cut_at_the_same_moments_for_all() -> None:
    samples = pl.DataFrame({"ts": [*range(10), *range(10)]})  # two instruments, one below the other
    (fold,) = split_of("ratios", train=0.5, validation=0.2).folds(samples)
    assert fold.to_list() == 2 * (["train"] * 5 + ["validation"] * 2 + ["test"] * 3)


def test_samples_of_one_moment_are_never_parted() -> None:
    samples = pl.DataFrame({"ts": [0, 1, 1, 1, 2, 3]})
    (fold,) = split_of("end_amount", validation=1, test=3).folds(samples)
    assert fold.to_list() == ["train", "train", "train", "train", "test", "test"]


def test_random_blocks_are_whole_and_of_the_asked_share() -> None:
    samples = pl.DataFrame({"ts": [hour * HOUR for hour in range(24 * 40)]})
    (fold,) = split_of("random", block="1d", validation=0.25, test=0.1).folds(samples)
    days = [set(fold[24 * day : 24 * day + 24]) for day in range(40)]
    assert all(len(parts) == 1 for parts in days)
    assert sorted(part for parts in days for part in parts) == ["test"] * 4 + ["train"] * 26 + ["validation"] * 10
    assert not split_of("random", block="1d", seed=4).folds(samples)[0].equals(fold)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["rrvt____", "__rrvt__", "____rrvt"]),
        ({"expanding": True}, ["rrvt____", "rrrrvt__", "rrrrrrvt"]),
        ({"step": 3, "train": 3}, ["rrrvt___", "___rrrvt"]),
    ],
)
def test_walk_forward_goes_from_day_to_day_that_has_samples(changes: dict, expected: list[str]) -> None:
    days = [date(2024, 1, day) for day in (1, 2, 3, 4, 5, 8, 9, 10)]
    folds = split_of("walk_forward", **{"step": 2} | changes).folds(pl.DataFrame({"date": days}))
    letters = {"train": "r", "validation": "v", "test": "t", None: "_"}
    assert ["".join(letters[part] for part in fold) for fold in folds] == expected


def test_walk_forward_demands_enough_days() -> None:
    with pytest.raises(NoData, match="samples on 1 days, from 2024-01-01 to 2024-01-01; a fold takes 4"):
        split_of("walk_forward").folds(pl.DataFrame({"date": [date(2024, 1, 1)]}))


def test_k_fold_tests_every_sample_once_and_never_validates_on_what_trains() -> None:
    folds = split_of("k_fold", groups=4).folds(pl.DataFrame({"ts": range(8)}))
    letters = {"train": "r", "validation": "v", "test": "t"}
    told = ["".join(letters[part] for part in fold) for fold in folds]
    assert told == ["ttvvrrrr", "vvttrrrr", "rrvvttrr", "rrrrvvtt"]


def test_combinatorial_tests_every_choice_of_groups_once() -> None:
    folds = split_of("combinatorial", groups=5, test_groups=2).folds(pl.DataFrame({"ts": range(10)}))
    tested = [frozenset(row // 2 for row, part in enumerate(fold) if part == "test") for fold in folds]
    assert len(set(tested)) == len(tested) == 10
    assert all(len(groups) == 2 for groups in tested)
    assert all(sum(part == "validation" for part in fold) == 2 for fold in folds)


@pytest.mark.parametrize(
    ("name", "changes", "problem"),
    [
        ("ratios", {"train": 0.8, "validation": 0.2}, "leave nothing to test on"),
        ("random", {"test": 0.9}, "leave nothing to train on"),
        ("random", {"block": "a while"}, "is not a duration"),
        ("combinatorial", {"groups": 3, "test_groups": 2}, "leave no groups to train and validate"),
        ("combinatorial", {"groups": 20, "test_groups": 10}, "184,756 folds, more than 200"),
    ],
)
def test_parameters_that_make_no_split(name: str, changes: dict, problem: str) -> None:
    with pytest.raises(BadParams, match=problem):
        split_of(name, **changes)


@pytest.mark.parametrize("name", SPLITS)
def test_its_example_holds(name: str) -> None:
    module = inspect.getmodule(SPLITS[name])
    assert module is not None
    examples = doctest.DocTestFinder().find(SPLITS[name], name, module, vars(module) | {"date": date})
    assert sum(len(test.examples) for test in examples) > 0
    runner = doctest.DocTestRunner(verbose=False)
    for test in examples:
        runner.run(test)
    assert runner.failures == 0
