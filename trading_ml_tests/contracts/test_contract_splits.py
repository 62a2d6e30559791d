"""What holds for every split: pure, complete, and free of shared time after the purge."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.errors import BadParams
from trading_ml.core.time import NS
from trading_ml.datasets.purge import purge
from trading_ml.datasets.splits import PARTS, SPLITS, Part, Split, resolve

EXAMPLES = {
    "date": {"by": "date", "validation_from": "2024-01-03", "test_from": "2024-01-05"},
}
"""Parameters of every split, fit for the samples drawn here."""
START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = 3600 * 10**9


@st.composite
def drawn(draw: st.DrawFn) -> pl.DataFrame:
    """Hourly moments of a week, labels of up to three days, two instruments, in the dataset's order."""
    sample = st.tuples(st.sampled_from(["test:A", "test:B"]), st.integers(0, 167), st.integers(1, 72))
    rows = sorted(draw(st.lists(sample, min_size=1, max_size=40)))
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
