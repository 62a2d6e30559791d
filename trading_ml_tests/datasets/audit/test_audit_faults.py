"""Each fault is caught and named, and honest datasets are let through."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from trading_ml.datasets import Dataset
from trading_ml.datasets.audit import AuditParams, audit
from trading_ml_tests.datasets.audit.conftest import BARS, FIRST, HOME, TEST, Market

Frames = tuple[pl.DataFrame, pl.DataFrame]


def refusals(dataset: Dataset, **bounds: object) -> dict[str, list[str]]:
    """Sentences by check."""
    told = audit(dataset, AuditParams.parse(bounds, "audit"))
    found: dict[str, list[str]] = {}
    for finding in told.of_severity("refuse"):
        found.setdefault(finding.check, []).append(finding.sentence)
    assert told.passed == (not found)
    return found


def test_an_honest_market_passes_without_a_warning(honest: Dataset) -> None:
    told = audit(honest)
    assert told.passed
    assert [finding for finding in told.findings if finding.severity != "note"] == []


@pytest.mark.parametrize("seed", range(12))
def test_random_walks_are_not_refused(market: Market, seed: int) -> None:
    steps = np.random.default_rng(seed)

    def walk(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> Frames:
        prices = 50 * np.exp(0.01 * steps.normal(size=BARS + 2).cumsum())
        wandering = (number if seed % 2 else 1) * pl.Series(prices[:BARS])
        rises = pl.Series(prices[2:] > prices[:-2])
        return features.with_columns(wandering.alias("pair.b")), labels.with_columns(rises.alias("up"))

    assert refusals(market.dataset(walk)) == {}


def test_a_leaked_label_column(market: Market) -> None:
    def leak(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> Frames:
        return features.with_columns(single=labels["up"] + 0.01 * features["pair.a"]), labels

    (said,) = refusals(dataset := market.dataset(leak))["leak"]
    assert said.startswith("single alone tells up (AUC 1.000)")
    assert "leak" not in refusals(dataset, leak=False)
    assert refusals(dataset, leak={"refuse_auc": 1.0}).keys() == set()


def test_a_price_that_fits_a_few_long_answers_is_no_leak(market: Market) -> None:
    """It falls until the middle of training, then rises: two answers, overlapping for days."""
    market.tables.horizon = 2 * 24 * 60
    split = {"by": "date", "validation_from": "2024-02-07", "test_from": "2024-02-11"}

    def turning(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> Frames:
        price = 100 + pl.Series("pair.b", np.arange(BARS) / BARS + number)
        return features.with_columns(price), labels.with_columns(up=pl.lit(number >= 5) & (pl.int_range(pl.len()) > 0))

    told = audit(market.dataset(turning, split=split), AuditParams(balance={"on": False}, drift={"on": False}))  # pyright: ignore
    assert told.passed
    assert "pair.b alone tells up" in told.of_severity("warn")[0].sentence


def test_a_leaked_number_and_class(market: Market) -> None:
    def leak(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> Frames:
        rng = np.random.default_rng(number)
        moves, moods = rng.normal(size=BARS), rng.choice(["bored", "calm", "wild"], BARS)
        told = labels.with_columns(
            pl.Series("look.move", moves), pl.Series("look.mood", moods), pl.col("up.label_end").alias("look.label_end")
        )
        wild = pl.Series("single", (moods == "wild").astype(float))
        return features.with_columns(pl.Series("pair.a", -(moves**3)), wild), told

    sections = {"labels": {"up": {"use": f"{HOME}:up"}, "look": {"use": f"{HOME}:outlook"}}}
    said = " ".join(refusals(market.dataset(leak, **sections))["leak"])
    assert "pair.a alone tells look.move (rank correlation 1.000)" in said
    assert "single alone tells look.mood = wild (AUC 1.000)" in said


def test_a_constant_feature(market: Market) -> None:
    dataset = market.dataset(lambda _, features, labels: (features.with_columns(single=pl.lit(7.5)), labels))
    assert refusals(dataset) == {"columns": ["single is 7.5 at every bar; leave the feature out, or mend it"]}
    assert refusals(dataset, columns={"constant": ["single"]}) == {}


def test_a_feature_that_is_constant_while_it_is_learnt(market: Market) -> None:
    def late(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> Frames:
        return (features if number >= TEST else features.with_columns(single=pl.lit(7.5))), labels

    assert refusals(market.dataset(late))["columns"][0].startswith("single has one value in the training part")


@pytest.mark.parametrize(
    ("column", "changed"),
    [
        ("single", pl.col("single") * 1000),
        ("single", pl.col("single") + 20),
        ("pair.a", pl.col("pair.a") - 0.05),
        ("pair.b", pl.col("pair.b") * 110),  # a price that wanders, in another currency
    ],
    ids=["units", "shift", "returns", "currency"],
)
def test_a_drift_into_the_test_part(market: Market, column: str, changed: pl.Expr) -> None:
    def drift(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> Frames:
        return (features.with_columns(changed) if number >= TEST else features), labels

    (said,) = refusals(market.dataset(drift))["drift"]
    assert said.startswith(f"{column}: the test part is unlike the training part (PSI ")


def test_a_small_drift_warns(market: Market) -> None:
    def drift(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> Frames:
        return (features.with_columns(pl.col("pair.a") - 0.01) if number >= TEST else features), labels

    told = audit(market.dataset(drift))
    assert told.passed
    assert [finding.sentence.split(":")[0] for finding in told.of_severity("warn")] == ["pair.a"]


@pytest.mark.parametrize("again", [3, 12], ids=["while learnt", "in the test part"])
def test_a_duplicated_day(market: Market, again: int) -> None:
    kept: list[Frames] = []

    def twice(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> Frames:
        kept.append((features, labels))
        if number != again:
            return features, labels
        later = pl.duration(days=again - 1)
        warm = pl.int_range(pl.len()) < 15  # what the day before still moves
        return tuple(
            frame.with_columns(pl.col(pl.Datetime) + later).with_columns(
                pl.when(warm & pl.lit("pair.b" in frame.columns))
                .then(pl.col(pl.Float64) + 1)
                .otherwise(pl.col(pl.Float64))
            )
            for frame in kept[1]
        )  # pyright: ignore[reportReturnType]

    (said,) = refusals(market.dataset(twice))["duplicates"]
    assert said.startswith(f"test:A: {FIRST + timedelta(again)} holds the bars of {FIRST + timedelta(1)} again")


def test_days_that_share_only_the_clock_are_no_duplicates(market: Market) -> None:
    clock = pl.int_range(pl.len()).cast(pl.Float64)
    dataset = market.dataset(lambda _, features, labels: (features.with_columns(single=clock), labels))
    assert refusals(dataset) == {}


def filled(market: Market, every: int, most: int) -> Dataset:
    """A market whose bars have no trade where their number modulo `every` is below `most`."""
    sections = {"bars": {"every": "1m", "fill": True}}
    name = market.tables.params(["test:A"], **sections).bars.name

    def write(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> Frames:
        stamps = features.select("ts_open", "ts_close")
        trades = pl.Series("trades", [int(bar % every >= most) for bar in range(BARS)])
        day = FIRST + timedelta(number)
        market.tables.lake.table("bars", name).write("test:A", day, stamps.with_columns(trades), inputs="hand")
        return features, labels

    return market.dataset(write, **sections)


def test_forty_percent_filled_bars(market: Market) -> None:
    dataset = filled(market, 5, 2)
    (said,) = refusals(dataset)["filled"]
    assert said.startswith("test:A: 40% of the bars in a window are filled, up to 40%")
    assert refusals(dataset, filled={"refuse_share": 0.5}) == {}


def test_a_few_filled_bars_are_counted(market: Market) -> None:
    told = audit(filled(market, 20, 1))
    assert told.passed
    (row,) = told.tables["filled"]
    expected = [sum((bar - back) % 20 < 1 for back in range(5)) / 5 for bar in range(BARS)]  # days are whole rounds
    windows = [expected[bar] for _ in range(14) for bar in range(BARS)][4:]
    assert row == {
        "instrument": "test:A",
        "bars": 0.05,
        "windows": pytest.approx(np.mean(windows), rel=1e-5),
        "most": 0.2,
    }


def test_bars_that_have_changed_since_are_told(market: Market) -> None:
    dataset = filled(market, 20, 1)
    bars = market.tables.lake.table(
        "bars", market.tables.params(["test:A"], bars={"every": "1m", "fill": True}).bars.name
    )
    bars.write("test:A", FIRST, bars.read("test:A", FIRST).head(5), inputs="hand")
    assert "its bars are others by now" in audit(dataset).of_severity("warn")[0].sentence


def test_a_test_part_of_one_class(market: Market) -> None:
    def rising(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> Frames:
        return features, labels.with_columns(pl.col("up") | pl.lit(number >= TEST))

    said = refusals(market.dataset(rising))
    assert said == {"balance": ["up, test part: every answer is true; move the split, or mend the label"]}


def test_a_class_that_is_rare_warns(market: Market) -> None:
    def rare(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> Frames:
        return features, labels.with_columns(up=pl.int_range(pl.len()) == 7)

    said = [finding.sentence for finding in audit(market.dataset(rare)).of_severity("warn")]
    assert "up, test part: true is 0.83% of the answers; give more days, or ask for less" in said


def test_validation_samples_that_were_taught(honest: Dataset) -> None:
    folds = honest.folds.clone()
    taught = folds.filter(pl.col("part") == "train")
    doctored = pl.concat([folds.filter(pl.col("part") != "validation"), taught.with_columns(
        pl.lit("validation").cast(folds.schema["part"]).alias("part"))])  # fmt: skip
    honest.lake.write_parquet(honest.folder / "folds.parquet", doctored)
    fresh = Dataset.open(honest.lake, "toy", honest.digest)
    (said,) = refusals(fresh)["null_control"]
    assert "on permuted labels, chance is 0.5; the parts overlap, or samples are there twice" in said


def test_a_random_split_by_minutes_is_warned_of(market: Market) -> None:
    market.tables.horizon = 10
    split = {"by": "random", "block": "30m", "seed": 1}

    def wandering(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> Frames:
        return features.with_columns(single=pl.col("pair.b")), labels

    told = audit(market.dataset(wandering, split=split))
    assert told.passed


def test_labels_longer_than_the_history_have_no_null_control(market: Market) -> None:
    market.tables.horizon = 3 * 24 * 60
    split = {"by": "date", "validation_from": "2024-02-06", "test_from": "2024-02-12"}
    told = audit(market.dataset(split=split))
    assert any("no null control: " in finding.sentence for finding in told.of_severity("note"))


def test_lost_bars_warn(market: Market) -> None:
    holes = pl.int_range(pl.len()) % 10 == 0

    def lose(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> Frames:
        return features.with_columns(pl.when(~holes).then(pl.col("single"))), labels

    told = audit(market.dataset(lose, features={
        "pair": {"use": f"{HOME}:pair", "window": 3}, "single": {"use": f"{HOME}:single", "window": 8}}))  # fmt: skip
    (said,) = told.of_severity("warn")
    assert said.sentence.startswith("test:A: 80% of its bars make no sample, most often for null_feature; ")
