"""Whole builds over hand-written tables: content, digests, faults, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trading_ml.core.errors import AccountingError, BadParams, NoData, Refused, Unknown
from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset, build, describe, promote, promoted
from trading_ml.datasets.series import Made, Store
from trading_ml_tests.datasets.conftest import HOME, Tables

FIRST, LAST = date(2024, 1, 30), date(2024, 2, 13)


def dates(first: date = FIRST, last: date = LAST) -> list[date]:
    return [first + timedelta(n) for n in range((last - first).days)]


def files(dataset: Dataset) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(dataset.folder.iterdir())}


def chunks(lake: Lake) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in lake.path("datasets", "toy", "series").iterdir()}


@pytest.fixture
def built(tables: Tables) -> Dataset:
    params = tables.params()
    tables.write(params, dates())
    return build(tables.lake, params)


def test_layout_on_disk(built: Dataset) -> None:
    assert sorted(files(built)) == ["folds.parquet", "manifest.json", "samples.parquet"]
    assert built.folder.name == built.digest[:12]
    assert built.samples.columns == ["instrument", "row", "ts", "up", "label_end", "weight"]
    assert built.folds.columns == ["fold", "sample", "part"]
    for entry in built.manifest["chunks"]:
        assert (built.folder.parent / "series" / f"{entry['digest']}.parquet").is_file()


def test_samples_tell_bar_label_and_interval(tables: Tables, built: Dataset) -> None:
    for sample in built.samples.iter_rows(named=True):
        day, bar = FIRST + timedelta(sample["row"] // tables.bars), sample["row"] % tables.bars
        features, labels = tables.frames[sample["instrument"], day]
        assert sample["ts"] == features["ts_close"][bar]
        assert (sample["up"], sample["label_end"]) == (labels["up"][bar], labels["up.label_end"][bar])
        assert sample["weight"] == 1


def test_parts_follow_the_dates(built: Dataset) -> None:
    parts = built.samples.with_row_index("sample").join(built.folds, on="sample")
    for row in parts.iter_rows(named=True):
        day = (row["ts"] - timedelta(minutes=1)).date()
        expected = "train" if day < date(2024, 2, 5) else "validation" if day < date(2024, 2, 9) else "test"
        assert row["part"] == expected


def test_every_bar_is_accounted_for(tables: Tables) -> None:
    params = tables.params(["test:A"], samples={"where": "single > 0.1"})
    tables.write(params, dates())
    features, labels = tables.frames["test:A", FIRST]
    hole = pl.int_range(pl.len()) == 6
    features = features.with_columns(pl.when(~hole).then(pl.col("pair.b")))
    labels = labels.with_columns(pl.when(pl.int_range(pl.len()) != 11).then(pl.col("up")))
    tables.put(params, "test:A", FIRST, features, labels)
    infinite = tables.frames["test:A", LAST - timedelta(1)]
    last_bar = pl.int_range(pl.len()) == 11
    tables.put(params, "test:A", LAST - timedelta(1), infinite[0].with_columns(
        pl.when(last_bar).then(pl.lit(1e300)).otherwise(pl.col("pair.a")).alias("pair.a")), infinite[1])  # fmt: skip
    told = build(tables.lake, params).manifest
    values = np.concatenate([tables.frames["test:A", day][0]["single"].to_numpy() for day in dates()])
    judged = np.ones(len(values), bool)
    judged[[0, 1, 2, 3, 6, 7, 8, 11, -1]] = False
    low = int((values[judged] <= 0.1).sum())
    assert told["rejected"] == {
        "not_sampled": 0, "short_history": 4, "null_feature": 3, "non_finite": 1, "null_label": 1, "filtered": low,
    }  # fmt: skip
    assert told["candidates"] == len(values) == told["kept"] + sum(told["rejected"].values())
    assert told["columns"]["pair.b"]["nulls"] == 1


def test_purge_counts(tables: Tables) -> None:
    tables.horizon = 24 * 60 + 5  # labels reach into the next day's first bars
    params = tables.params(["test:A"])
    tables.write(params, dates())
    fold = build(tables.lake, params).manifest["folds"][0]
    # A day's bars lie in its first 12 minutes, so each label of a day overlaps samples of the next.
    assert fold["purged"] == {"train": tables.bars, "validation": tables.bars}
    assert fold["overlaps"] == 0
    days = {"train": 6, "validation": 4, "test": 4}
    assert {part: fold["samples"][part] + fold["purged"].get(part, 0) for part in days} == {
        part: count * tables.bars - (4 if part == "train" else 0) for part, count in days.items()
    }
    assert fold["samples"]["purged"] == 2 * tables.bars


def test_several_labels_take_the_latest_end_and_their_classes(tables: Tables) -> None:
    params = tables.params(["test:A"], labels={"up": {"use": f"{HOME}:up"}, "look": {"use": f"{HOME}:outlook"}})
    for day in dates():
        features, labels = tables.frame("test:A", day)
        extra = labels.select(
            pl.Series("look.move", np.arange(12.0)),
            pl.Series("look.mood", ["calm", "wild", "bored"] * 4),
            (pl.col("ts_close") + pl.duration(minutes=7)).alias("look.label_end"),
        )
        tables.put(params, "test:A", day, features, pl.concat([labels, extra], how="horizontal"))
    dataset = build(tables.lake, params)
    assert (dataset.samples["label_end"] - dataset.samples["ts"]).unique().to_list() == [timedelta(minutes=7)]
    assert dataset.classes == {"up": ["false", "true"], "look.move": None, "look.mood": ["bored", "calm", "wild"]}
    first = np.arange(3)  # rows 4, 5, 6
    assert dataset.labels(first, "look.mood").tolist() == [2, 0, 1]
    assert dataset.labels(first, "look.move").tolist() == [4, 5, 6]
    assert dataset.manifest["folds"][0]["balance"]["look.move"]["test"]["max"] == 11


def test_same_inputs_same_bytes(tables: Tables, tmp_path: Path) -> None:
    params = tables.params()
    tables.write(params, dates())
    one = build(tables.lake, params, workers=1)
    before, stamps = files(one), chunks(tables.lake)
    assert files(build(tables.lake, params, workers=2)) == before
    assert chunks(tables.lake) == stamps
    other = Tables(Lake(tmp_path / "other"))
    other.write(params, dates()[::-1])
    again = build(other.lake, other.params(["test:B", "test:A"]), workers=2)
    assert files(again) == before
    assert set(chunks(other.lake)) == set(stamps)


def test_a_new_day_writes_only_its_month(tables: Tables, tmp_path: Path) -> None:
    params = tables.params()
    tables.write(params, dates())
    old = build(tables.lake, params)
    stamps = chunks(tables.lake)
    tables.write(params, [LAST])
    new = build(tables.lake, params)
    assert new.digest != old.digest
    assert old.windows(old.indices("test"), "pair").shape[0] == old.indices("test").size  # undisturbed
    after = chunks(tables.lake)
    assert {name: after[name] for name in stamps} == stamps
    assert len(after) - len(stamps) == 4  # features and labels of February, of two instruments
    clean = Tables(Lake(tmp_path / "clean"))
    clean.write(params, dates(FIRST, LAST + timedelta(1)))
    assert files(build(clean.lake, params)) == files(new)


def test_a_range_takes_whole_days_inside_it(tables: Tables) -> None:
    params = tables.params(["test:A"])
    tables.write(params, dates())
    dataset = build(tables.lake, params, start="2024-02-01", end="2024-02-11")
    assert dataset.manifest["days"]["test:A"] == {"first": "2024-02-01", "last": "2024-02-10", "count": 10}
    with pytest.raises(
        NoData, match="no features from 2025-01-01 to the end; there are features from 2024-01-30 to 2024-02-12"
    ):
        build(tables.lake, params, start="2025-01-01")


def test_killed_while_publishing_leaves_nothing_half(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    params = tables.params()
    tables.write(params, dates())
    whole = files(build(tables.lake, params))
    for path in (
        *tables.lake.path("datasets", "toy").glob("*/*.json"),
        *tables.lake.path("datasets", "toy").glob("*/*"),
    ):
        path.unlink(missing_ok=True)
    for folder in tables.lake.path("datasets", "toy").iterdir():
        folder.rmdir()

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("trading_ml.datasets.assembly.publish", killed)
        with pytest.raises(KeyboardInterrupt):
            build(tables.lake, params)
    assert [path.name for path in tables.lake.path("datasets", "toy").iterdir()] == ["series"]
    assert files(build(tables.lake, params)) == whole
    assert not list(tables.lake.path("tmp").iterdir())


def refusal(tables: Tables, error: type[Exception] = NoData, **changes: object) -> str:
    with pytest.raises(error) as caught:
        build(tables.lake, tables.params(["test:A"], **changes))
    assert not [path for path in tables.lake.path("datasets", "toy").glob("*") if path.name != "series"]
    return str(caught.value)


def test_missing_tables_say_what_to_run(tables: Tables) -> None:
    params = tables.params(["test:A"])
    assert refusal(tables) == (
        "toy, test:A: no features; run `trading-ml project run toy`, which builds features and labels first"
    )
    tables.write(params, dates())
    for day in dates()[3:5]:
        tables.lake.table("labels", "toy").remove("test:A", day)
    assert "2 of 14 days have features but no labels, first 2024-02-02; run" in refusal(tables)


def test_tables_of_other_parameters_are_out_of_date(tables: Tables) -> None:
    tables.write(tables.params(["test:A"]), dates())
    features = {"pair": {"use": f"{HOME}:pair"}, "single": {"use": f"{HOME}:single", "scale": 2.0}}
    assert "toy, test:A 2024-01-30: features are not up to date: single; run" in refusal(tables, features=features)


def test_features_and_labels_of_other_bars(tables: Tables) -> None:
    params = tables.params(["test:A"])
    tables.write(params, dates())
    features, labels = tables.frame("test:A", FIRST)
    tables.put(params, "test:A", FIRST, features, labels.with_columns(pl.col("ts_close") + pl.duration(minutes=1)))
    assert "features and labels are of different bars" in refusal(tables, Refused)


def test_label_that_ends_with_its_sample(tables: Tables) -> None:
    tables.horizon = 0
    tables.write(tables.params(["test:A"]), dates())
    told = refusal(tables, Refused)
    assert told.startswith("up of toy, test:A: ends no later than its sample, first at 2024-01-30 00:05:00")


@pytest.mark.parametrize(
    ("validation", "test", "empty"),
    [
        ("2024-01-01", "2024-02-09", "train"),
        ("2024-02-05", "2024-03-01", "test"),
        ("2025-01-01", "2025-02-01", "validation and test"),
    ],
)
def test_empty_parts(tables: Tables, validation: str, test: str, empty: str) -> None:
    tables.write(tables.params(["test:A"]), dates())
    told = refusal(tables, split={"by": "date", "validation_from": validation, "test_from": test})
    assert (
        told == f"toy, split: no samples for {empty}: samples run from 2024-01-30 to 2024-02-12; move the split's dates"
    )


def test_no_sample_at_all(tables: Tables) -> None:
    tables.write(tables.params(["test:A"]), dates())
    assert "no bar makes a sample (short_history 4, filtered 164)" in refusal(tables, samples={"where": "single > 2"})


def test_scripts_must_be_proven(lake: Lake) -> None:
    tables = Tables(lake)
    tables.write(tables.params(["test:A"]), dates())
    assert "pair" in refusal(tables, Refused)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": {"row": {"use": f"{HOME}:up"}}}, "labels: 'row' cannot be a name"),
        ({"features": {"a.b": {"use": f"{HOME}:single"}}}, "features: 'a.b' cannot be a name"),
        ({"features": {}}, "features"),
        ({"split": {"by": "dat"}}, "split.by: 'dat' is not a split; did you mean 'date'?"),
        ({"samples": {"were": "x"}}, "samples.were: unknown key; did you mean 'where'?"),
    ],
)
def test_bad_params(tables: Tables, changes: dict, message: str) -> None:
    with pytest.raises(BadParams) as caught:
        tables.params(**changes)
    assert message in str(caught.value)


def test_promotion(tables: Tables, built: Dataset) -> None:
    lake = tables.lake
    with pytest.raises(NoData, match="none is promoted"):
        Dataset.open(lake, "toy")
    with pytest.raises(Unknown, match="unknown dataset of toy"):
        promote(lake, "toy", "0123456789ab")
    promote(lake, "toy", built.digest)
    assert promoted(lake, "toy") == built.digest == Dataset.open(lake, "toy").digest
    tables.write(tables.params(), [LAST])
    build(lake, tables.params())
    assert Dataset.open(lake, "toy").digest == built.digest  # a new build waits


def test_overlapping_parts_are_not_promoted(tables: Tables, built: Dataset) -> None:
    path = built.folder / "manifest.json"
    content = json.loads(path.read_text())
    content["folds"][0]["overlaps"] = 1
    path.write_text(json.dumps(content))
    with pytest.raises(Refused, match="overlapping label intervals"):
        promote(tables.lake, "toy", built.digest)


def test_manifest_tells_what_it_stands_on(tables: Tables, built: Dataset) -> None:
    told = built.manifest
    assert told["sources"]["features"]["single"] == tables.params().features["single"].bound.describe
    assert told["params"]["split"] == {
        "by": "date", "embargo": 0.0, "validation_from": "2024-02-05", "test_from": "2024-02-09",
    }  # fmt: skip
    lows = [tables.frames[key][0]["pair.a"].cast(pl.Float32).min() for key in tables.frames]
    assert told["columns"]["pair.a"]["min"] == min(lows)
    ups = built.labels(built.indices("test"), "up").tolist()
    assert told["folds"][0]["balance"]["up"]["test"] == {"false": ups.count(0), "true": ups.count(1)}


def test_rules_say_whether_they_look_ahead(tables: Tables) -> None:
    params = tables.params(["simulated:A"])
    tables.write(params, dates())
    dataset = build(tables.lake, params)
    rules: Sequence[dict] = dataset.manifest["sources"]["rules"]["simulated:A"]
    causal = {rule["rule"]: rule["causal"] for rule in rules}
    assert causal == {"cancelled": False, "corrected": False, "off_market": True}
    assert "Ticks were cleaned with hindsight by: cancelled, corrected." in describe(dataset)


def test_report(built: Dataset) -> None:
    told = describe(built)
    assert f"dataset `{built.digest[:12]}`: {built.samples.height:,} samples of 336 bars" in told
    assert "| test:A | 2024-01-30 | 2024-02-12 | 14 | 164 |" in told
    assert "| short_history | 8 |" in told


def test_a_purge_that_fails_is_caught(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    tables.horizon = 24 * 60
    tables.write(tables.params(["test:A"]), dates())
    monkeypatch.setattr("trading_ml.datasets.folds.purge", lambda parts, *rest: parts)
    assert "pairs of label intervals overlap between parts" in refusal(tables, Refused)


def test_a_bar_that_goes_missing_is_caught(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    tables.write(tables.params(["test:A"]), dates())
    make = Store.make

    def miscounted(*args: Any) -> list[Made]:
        return [made._replace(chunk=replace(made.chunk, rows=made.chunk.rows + 1)) for made in make(*args)]

    monkeypatch.setattr(Store, "make", miscounted)
    assert "test:A: 170 bars, but 164 samples and 4 rejected" in refusal(tables, AccountingError)


class TestSamplers:
    """Bars of 12 minutes a day, of 1, 2, 3, … ticks."""

    @pytest.fixture
    def sampled(self, tables: Tables) -> Tables:
        return self.sampled_from(tables)

    def sampled_from(self, tables: Tables) -> Tables:
        tables.write(tables.params(["test:A"]), dates())
        for day in dates():
            self.put_bars(tables, day, 1)
        return tables

    def put_bars(self, tables: Tables, day: date, first: int) -> None:
        stamps = tables.frames["test:A", day][0].select("ts_open", "ts_close")
        ticks = pl.int_range(first, first + tables.bars, eager=True)
        bars = stamps.with_columns(trades=ticks, close=100.0 + ticks)
        tables.lake.table("bars", "1m").write("test:A", day, bars, inputs="hand")

    def built(self, tables: Tables, samples: dict[str, Any]) -> pl.DataFrame:
        dataset = build(tables.lake, tables.params(["test:A"], samples=samples))
        told = dataset.manifest
        assert told["candidates"] == tables.bars * len(dates()) == told["kept"] + sum(told["rejected"].values())
        return dataset.samples.with_columns(
            minute=pl.col("ts").dt.hour().cast(pl.Int64) * 60 + pl.col("ts").dt.minute()
        )

    def test_every_nth_tick(self, sampled: Tables) -> None:
        samples = self.built(sampled, {"at": "every_nth_tick", "n": 20})
        # Ticks 1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 66, 78: the 20th, 40th and 60th fall in bars 6, 9 and 11.
        assert sorted(set(samples["minute"])) == [6, 9, 11]
        assert samples.height == 3 * len(dates())

    def test_the_last_bar_of_a_unit_is_sampled_when_the_unit_is_over(self, tables: Tables) -> None:
        tables.horizon = 30
        samples = self.built(self.sampled_from(tables), {"at": "last_tick_of", "unit": "8m"})
        rows = samples.select(bar=pl.col("row") % tables.bars, minute="minute").unique(maintain_order=True).rows()
        assert rows == [(7, 8), (11, 16)]  # the second unit has its last bar at minute 12

    def test_a_label_that_has_ended_by_then_is_refused(self, sampled: Tables) -> None:
        with pytest.raises(Refused, match="ends no later than its sample"):
            self.built(sampled, {"at": "last_tick_of", "unit": "8m"})

    def test_orders_of_another_instrument(self, sampled: Tables) -> None:
        days = (FIRST, date(2024, 2, 6), date(2024, 2, 10))
        for day in days:
            at = [f"{day}T00:{minute}" for minute in ("10:00", "07:45", "07:30", "00:59")]
            stamps = pl.Series("ts_event", at).str.to_datetime(time_zone="UTC", time_unit="ns")
            placed = pl.DataFrame(stamps).with_columns(excluded_by=pl.lit(None, pl.String))
            sampled.lake.table("ticks", "orders").write("bot:A", day, placed, inputs="hand")
        with pytest.raises(NoData, match="no bar makes a sample"):
            self.built(sampled, {"at": "orders"})
        samples = self.built(sampled, {"at": "orders", "instrument": "bot:A"})
        assert samples["minute"].to_list() == [7, 10] * len(days)

    def test_changed_bars_change_the_samples_of_their_month_alone(self, sampled: Tables) -> None:
        before = self.built(sampled, {"at": "every_nth_tick", "n": 20})
        there = chunks(sampled.lake)
        self.put_bars(sampled, LAST - timedelta(1), 100)
        after = self.built(sampled, {"at": "every_nth_tick", "n": 20})
        assert len(chunks(sampled.lake).keys() - there.keys()) == 1
        changed = pl.col("ts").dt.date() == LAST - timedelta(1)
        assert after.filter(~changed).equals(before.filter(~changed))
        assert after.filter(changed).height == sampled.bars

    def test_bars_that_are_not_those_of_the_features(self, sampled: Tables) -> None:
        bars = sampled.lake.table("bars", "1m")
        bars.write("test:A", FIRST, bars.read("test:A", FIRST).head(5), inputs="hand")
        with pytest.raises(Refused, match="features and bars are of different bars"):
            self.built(sampled, {"at": "cusum", "threshold": 0.01})


def test_a_random_split_warns_of_what_its_parts_share(tables: Tables) -> None:
    split = {"by": "random", "block": "2m", "seed": 5}
    params = tables.params(["test:A"], split=split)
    tables.write(params, dates())
    dataset = build(tables.lake, params)
    told, parts = (
        dataset.manifest["folds"][0],
        dataset.samples.with_row_index("sample").join(dataset.folds, on="sample"),
    )
    rows = {part: of["row"].to_list() for (part,), of in parts.group_by("part")}
    longest = 5
    near = [any(abs(row - other) < longest for other in rows["train"]) for row in rows["test"]]
    assert told["shared_bars"] == pytest.approx(sum(near) / len(near), abs=1e-4)
    assert told["shared_bars"] > 0.5
    assert told["overlaps"] == 0
    assert told["purged"]["train"] > 0
    assert f"{told['shared_bars']:.1%} of the test samples show bars that training samples show too" in describe(
        dataset
    )


def test_every_fold_of_a_walk_is_purged_and_the_last_is_the_one_to_train_on(tables: Tables) -> None:
    params = tables.params(split={"by": "walk_forward", "train": 6, "validation": 2, "test": 2})
    tables.write(params, dates())
    dataset = build(tables.lake, params)
    assert [fold["overlaps"] for fold in dataset.manifest["folds"]] == [0, 0, 0]
    assert dataset.samples[dataset.indices("test")]["ts"].dt.date().unique().to_list() == dates()[12:14]
    assert np.array_equal(dataset.indices("test"), dataset.indices("test", 2))
    assert len(dataset.indices("train", 0)) > 0
    with pytest.raises(Unknown, match="fold"):
        dataset.indices("test", 3)
