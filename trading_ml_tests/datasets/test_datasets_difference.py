"""What two datasets have different, causes and consequences, and how they are named."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trading_ml.core.errors import NoData, Unknown
from trading_ml.datasets import Dataset, build, promote
from trading_ml.datasets.difference import difference, grouped, pair
from trading_ml_tests.datasets.conftest import HOME, Tables

FIRST, LAST = date(2024, 1, 30), date(2024, 2, 13)
DAYS = [FIRST + timedelta(n) for n in range((LAST - FIRST).days)]


@pytest.fixture
def old(tables: Tables) -> Dataset:
    tables.write(tables.params(), DAYS)
    return build(tables.lake, tables.params())


def told(one: Dataset, two: Dataset, part: str) -> dict[str, tuple[Any, Any]]:
    return {change.what: (change.before, change.after) for change in difference(one, two) if change.part == part}


def parts(one: Dataset, two: Dataset) -> list[str]:
    return list(grouped(difference(one, two)))


def test_nothing_is_different_from_itself(old: Dataset) -> None:
    assert difference(old, old) == []


def test_a_new_day(tables: Tables, old: Dataset) -> None:
    tables.write(tables.params(), [LAST])
    new = build(tables.lake, tables.params())
    assert parts(old, new) == ["days", "chunks", "samples", "parts", "balance", "columns"]
    assert told(old, new, "days") == {f"test:{of}, new": (None, "2024-02-13") for of in "AB"}
    assert told(old, new, "chunks") == {"features, 2 shared": (2, 2), "labels, 2 shared": (2, 2)}
    assert told(old, new, "samples")["kept"] == (328, 352)
    assert told(old, new, "samples")["test:A"] == (164, 176)
    assert told(old, new, "parts") == {"fold 0.test": (96, 120)}
    ups = {key: frames[1]["up"].sum() for key, frames in tables.frames.items() if key[1] >= date(2024, 2, 9)}
    before = sum(count for (_, day), count in ups.items() if day < LAST)
    wanted = round(before / 96, 4), round(sum(ups.values()) / 120, 4)
    assert told(old, new, "balance")["fold 0.up.test.true"] == wanted


def test_parameters_scripts_and_what_they_do(tables: Tables, old: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    made_of = "trading_ml.core.script.made_of"
    monkeypatch.setattr(made_of, lambda function, _: "edited" if function.__name__ == "single" else "as before")
    features = {"pair": {"use": f"{HOME}:pair", "window": 4}, "single": {"use": f"{HOME}:single", "window": 5}}
    params = tables.params(features=features, samples={"where": "pair.a > 0"})
    for (name, day), (shown, answers) in list(tables.frames.items()):
        tables.put(params, name, day, shown.with_columns(pl.col("single") * 2), answers)
    new = build(tables.lake, params)
    assert told(old, new, "params") == {
        "features.pair.window": (3, 4), "samples.where": (None, "pair.a > 0"),
    }  # fmt: skip
    assert list(told(old, new, "scripts")) == ["features.pair", "features.single", "labels.up"]
    assert told(old, new, "days")["test:A, with other values"] == (None, "2024-01-30 to 2024-02-12 (14)")
    assert told(old, new, "chunks") == {"features, 0 shared": (4, 4)}
    assert told(old, new, "rejected")["filtered"][0] == 0
    before, after = told(old, new, "columns")["single.mean"]
    assert after == pytest.approx(2 * before)


def test_instruments_and_the_rules_that_cleaned_them(
    tables: Tables, old: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tmp_path / "facts.yaml"
    facts.write_text("- {match: 'test:B', rules: [zero_or_negative_size]}\n")
    monkeypatch.setenv("TRADING_ML_INSTRUMENTS", str(facts))
    instruments = ["test:B", "test:C"]
    tables.write(tables.params(instruments), DAYS)
    new = build(tables.lake, tables.params(instruments))
    assert told(old, new, "instruments") == {
        "test:A": ("2024-01-30 to 2024-02-12 (14)", None), "test:C": (None, "2024-01-30 to 2024-02-12 (14)"),
    }  # fmt: skip
    assert any(what.startswith("test:B.zero_or_negative_size") for what in told(old, new, "rules"))
    assert told(old, new, "params") == {"instruments": (["test:A", "test:B"], ["test:B", "test:C"])}


def test_libraries_are_compared_as_the_queue_remembers_them(
    tables: Tables, old: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trading_ml.datasets.assembly.libraries", lambda: {"polars": "9.9"})
    new = build(tables.lake, tables.params(split={"by": "ratios"}))
    assert told(old, new, "libraries")["polars"][1] == "9.9"


def test_datasets_are_named_by_project_by_digest_or_both(tables: Tables, old: Dataset) -> None:
    new = build(tables.lake, tables.params(split={"by": "ratios"}))

    def named(*words: str) -> tuple[str, ...]:
        return tuple(each.digest for each in pair(tables.lake, words))

    with pytest.raises(NoData, match="none is promoted"):
        named("toy")
    promote(tables.lake, "toy", old.digest, why="to compare", force=True)
    assert named("toy") == named("toy", new.digest) == named(old.digest[:12], new.digest[:12]) == (
        old.digest, new.digest,
    )  # fmt: skip
    assert named("toy", new.digest, old.digest) == (new.digest, old.digest)
    with pytest.raises(Unknown, match="tou: unknown project with a dataset; did you mean 'toy'"):
        named("tou")
    with pytest.raises(Unknown, match="0123456789ab: unknown dataset of toy"):
        named("toy", "0123456789ab")
    with pytest.raises(Unknown, match="0123456789ab: unknown"):
        named("0123456789ab", old.digest)
