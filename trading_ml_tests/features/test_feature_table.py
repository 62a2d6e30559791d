"""The feature table: by partition as over all history, the same bytes in any order of work, no work without cause."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import polars as pl
import pytest

from trading_ml.bars import BarParams
from trading_ml.core.crafted import crafted
from trading_ml.core.errors import Refused
from trading_ml.core.evidence import Invariance, Lookahead
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Table
from trading_ml.core.time import local_date
from trading_ml.features import FeatureUse, build
from trading_ml.features.proof import FeatureProof

ALFA = Instrument(source="simulated", symbol="ALFA")
MINUTES = BarParams(every="1m")
USES = {
    "atr": FeatureUse.parse({"use": "atr", "period": 3}, "atr"),
    "sma": FeatureUse.parse({"use": "sma", "period": 120}, "sma"),
    "ohlcv": FeatureUse.parse({"use": "ohlcv", "window": 10}, "ohlcv"),
}
WARM_UP = {"atr": 90, "sma": 119, "ohlcv": 0}
BARS = crafted(900)


def _by_day() -> dict[date, pl.DataFrame]:
    dated = BARS.with_columns(local_date("ts_open", "UTC").alias("day"))
    return {key: frame.drop("day") for (key,), frame in dated.partition_by("day", as_dict=True).items()}  # pyright: ignore[reportReturnType]


DAYS = _by_day()
ALL = sorted(DAYS)


def proof(name: str) -> FeatureProof:
    """A passing proof, made up: the table is to rely on what it says."""
    fine = {"passed": True, "deterministic": True, "lookahead": Lookahead(passed=True)}
    bound, invariance = USES[name].bound, Invariance(passed=True, worst=0.0)
    return FeatureProof(
        script=name, params={}, digest=bound.digest, warm_up=WARM_UP[name], partition_invariance=invariance, **fine
    )


@pytest.fixture
def proven(lake: Lake) -> Lake:
    for name in USES:
        proof(name).store(lake)
    return lake


def write(lake: Lake, days: Iterable[date]) -> None:
    for day in days:
        lake.table("bars", "1m").write(ALFA.name, day, DAYS[day], inputs=str(day))


def made(lake: Lake) -> dict[date, str]:
    table = lake.table("features", "demo")
    return {day: receipt.digest for day in table.dates(ALFA.name) if (receipt := table.receipt(ALFA.name, day))}


def built(lake: Lake, days: Iterable[date]) -> list[date]:
    return list(build(lake, "demo", ALFA, MINUTES, USES, days))


@pytest.fixture
def clean(proven: Lake) -> dict[date, str]:
    """Digests of everything built at once, in a lake that is then emptied of features and bars."""
    write(proven, ALL)
    assert built(proven, ALL) == ALL
    digests = made(proven)
    for table in (proven.table("features", "demo"), proven.table("bars", "1m")):
        for day in ALL:
            table.remove(ALFA.name, day)
    return digests


def test_columns_values_and_nulls(proven: Lake) -> None:
    write(proven, ALL)
    built(proven, ALL)
    table = proven.table("features", "demo")
    frame = pl.concat(table.read(ALFA.name, day) for day in ALL)
    names = ["ohlcv.open", "ohlcv.high", "ohlcv.low", "ohlcv.close", "ohlcv.volume"]
    assert frame.columns == ["ts_open", "ts_close", "atr", "sma.sma", "sma.sma_rel", *names]
    assert frame.select("ts_open", "ts_close").equals(BARS.select("ts_open", "ts_close"))
    assert set(frame.drop("ts_open", "ts_close").dtypes) == {pl.Float64}
    for name, use in USES.items():
        whole = use.bound.evaluate(BARS).rename(use.bound.names(name))
        warm_up = WARM_UP[name]
        for column in whole.columns:
            assert frame[column][:warm_up].null_count() == warm_up
            ours, theirs = frame[column][warm_up:].to_numpy(), whole[column][warm_up:].to_numpy()
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_day_by_day_is_all_at_once(proven: Lake, clean: dict[date, str]) -> None:
    for day in ALL:
        write(proven, [day])
        assert built(proven, [day]) == [day]
    assert made(proven) == clean


def test_days_filled_in_later_rebuild_those_that_depend_on_them(proven: Lake, clean: dict[date, str]) -> None:
    late = ALL[2:5]
    write(proven, [day for day in ALL if day not in late])
    built(proven, [day for day in ALL if day not in late])
    assert made(proven) != clean
    write(proven, late)
    touched = built(proven, late)
    assert touched[:3] == late
    assert len(touched) < len(ALL) - 2
    assert made(proven) == clean


def test_backwards_through_history(proven: Lake, clean: dict[date, str]) -> None:
    for day in reversed(ALL):
        write(proven, [day])
        built(proven, [day])
    assert made(proven) == clean


def test_what_is_current_is_left_alone_and_bars_far_away_are_not_read(
    proven: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(proven, ALL[:-1])
    built(proven, ALL[:-1])
    read, written = [], []
    note = lambda days, function: (
        lambda self, name, day, *a, **k: days.append(day) or function(self, name, day, *a, **k)
    )
    monkeypatch.setattr(Table, "read", note(read, Table.read))
    monkeypatch.setattr(Table, "write", note(written, Table.write))
    built(proven, ALL[:-1])
    assert (read, written) == ([], [])
    write(proven, ALL[-1:])
    written.clear()
    assert built(proven, ALL[-1:]) == ALL[-1:]
    assert written == ALL[-1:]
    rows, near = 0, []
    for day in reversed(ALL[:-1]):  # sma needs 119 bars before: the nearest dates that hold them
        near.append(day)
        rows += DAYS[day].height
        if rows >= 119:
            break
    assert sorted(read) == sorted([*near, ALL[-1]])


def test_changed_bars_rebuild_their_date_and_its_dependents(proven: Lake) -> None:
    write(proven, ALL)
    built(proven, ALL)
    before = made(proven)
    day = ALL[3]
    changed = DAYS[day].with_columns(pl.col("open", "high", "low", "close") * 1.5)
    proven.table("bars", "1m").write(ALFA.name, day, changed, inputs="changed")
    touched = built(proven, [day])
    after = made(proven)
    assert touched == ALL[3 : 3 + len(touched)]
    moved = [d for d in ALL if before[d] != after[d]]
    assert moved
    assert set(moved) <= set(touched)
    assert len(touched) < len(ALL) - 3


def test_a_date_without_bars_loses_its_features_and_an_empty_one_keeps_its_columns(proven: Lake) -> None:
    write(proven, ALL[:3])
    bars = proven.table("bars", "1m")
    bars.write(ALFA.name, ALL[3], BARS.clear(), inputs="nothing traded")
    built(proven, ALL[:4])
    table = proven.table("features", "demo")
    empty, full = table.read(ALFA.name, ALL[3]), table.read(ALFA.name, ALL[2])
    assert empty.height == 0
    assert empty.schema == full.schema
    bars.remove(ALFA.name, ALL[1])
    assert ALL[1] not in built(proven, [ALL[1]])
    assert table.dates(ALFA.name) == [ALL[0], ALL[2], ALL[3]]


def test_features_do_not_depend_on_what_else_a_project_uses(proven: Lake) -> None:
    write(proven, ALL)
    built(proven, ALL)
    only = {"atr": USES["atr"]}
    build(proven, "other", ALFA, MINUTES, only, ALL)
    for day in ALL:
        ours, theirs = (proven.table("features", project).read(ALFA.name, day)["atr"] for project in ("demo", "other"))
        assert ours.equals(theirs)


def test_other_parameters_build_anew(proven: Lake) -> None:
    write(proven, ALL[:2])
    build(proven, "demo", ALFA, MINUTES, {"x": USES["ohlcv"]}, ALL[:2])
    first = proven.table("features", "demo").receipt(ALFA.name, ALL[0])
    assert first
    assert first.facts["scripts"]["x"]["use"] == "ohlcv"
    build(proven, "demo", ALFA, MINUTES, {"x": USES["atr"]}, ALL[:2])
    assert proven.table("features", "demo").read(ALFA.name, ALL[0]).columns == ["ts_open", "ts_close", "x"]


def test_unproven_features_are_refused_and_nothing_is_written(lake: Lake) -> None:
    write(lake, ALL[:1])
    with pytest.raises(Refused, match="feature atr: is not proven yet with these parameters"):
        built(lake, ALL[:1])
    assert lake.table("features", "demo").dates(ALFA.name) == []
