"""The label table: nothing guessed at the end of the bars, answered once the future has come, in any order of work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl
import pytest

from trading_ml.bars import BarParams
from trading_ml.core.crafted import crafted
from trading_ml.core.errors import Refused
from trading_ml.core.evidence import Invariance, Lookahead
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake
from trading_ml.core.time import NS, local_date
from trading_ml.labels import LabelUse, build
from trading_ml.labels.proof import LabelProof, Reach

ALFA = Instrument(source="simulated", symbol="ALFA")
MINUTES = BarParams(every="1m")
USES = {
    "up": LabelUse.parse({"use": "direction", "horizon": 30}, "up"),
    "wild": LabelUse.parse({"use": "atr_rises", "period": 2, "horizon": 3}, "wild"),
}
CONTEXT = {"up": (0, 30), "wild": (80, 3)}
"""Bars of warm-up, and of reach."""
BARS = crafted(900)


def _by_day() -> dict[date, pl.DataFrame]:
    dated = BARS.with_columns(local_date("ts_open", "UTC").alias("day"))
    return {key: frame.drop("day") for (key,), frame in dated.partition_by("day", as_dict=True).items()}  # pyright: ignore[reportReturnType]


DAYS = _by_day()
ALL = sorted(DAYS)


def proof(name: str) -> LabelProof:
    """A passing proof, made up: the table is to rely on what it says."""
    fine = {"passed": True, "deterministic": True, "lookahead": Lookahead(passed=True)}
    invariance, (warm_up, reach) = Invariance(passed=True, worst=0.0), CONTEXT[name]
    return LabelProof(
        script=name, params={}, digest=USES[name].bound.digest, warm_up=warm_up, partition_invariance=invariance,
        reach=Reach(passed=True, measured=reach, declared=reach), **fine,
    )  # fmt: skip


@pytest.fixture
def proven(lake: Lake) -> Lake:
    for name in USES:
        proof(name).store(lake)
    return lake


def write(lake: Lake, days: Iterable[date]) -> None:
    for day in days:
        lake.table("bars", "1m").write(ALFA.name, day, DAYS[day], inputs=str(day))


def made(lake: Lake) -> dict[date, str]:
    table = lake.table("labels", "demo")
    return {day: receipt.digest for day in table.dates(ALFA.name) if (receipt := table.receipt(ALFA.name, day))}


def built(lake: Lake, days: Iterable[date]) -> list[date]:
    return list(build(lake, "demo", ALFA, MINUTES, USES, days))


def read(lake: Lake, days: Iterable[date]) -> pl.DataFrame:
    return pl.concat(lake.table("labels", "demo").read(ALFA.name, day) for day in days)


def test_columns_and_values_are_those_of_the_whole_history(proven: Lake) -> None:
    write(proven, ALL)
    assert built(proven, ALL) == ALL
    frame = read(proven, ALL)
    assert frame.columns == ["ts_close", "up", "up.label_end", "wild", "wild.label_end"]
    assert frame.dtypes == [NS, pl.Boolean, NS, pl.Boolean, NS]
    close = BARS["close"].to_list()
    expected = [None if close[t + 30] == close[t] else close[t + 30] > close[t] for t in range(len(close) - 30)]
    assert frame["up"].to_list() == expected + [None] * 30
    assert frame["up.label_end"].to_list() == BARS["ts_close"].to_list()[30:] + [None] * 30
    whole = USES["wild"].bound.evaluate(BARS)
    warm_up = CONTEXT["wild"][0]
    assert frame["wild"][warm_up:].equals(whole["rises"][warm_up:], check_names=False)
    assert frame["wild"][:warm_up].null_count() == warm_up


def test_the_last_rows_wait_for_their_future(proven: Lake) -> None:
    write(proven, ALL[:4])
    built(proven, ALL[:4])
    waiting = read(proven, ALL[:4])
    assert waiting["up"][-30:].null_count() == 30
    assert waiting["up.label_end"][-30:].null_count() == 30
    write(proven, ALL[4:5])
    touched = built(proven, ALL[4:5])
    assert touched[-1] == ALL[4]
    assert ALL[3] in touched
    assert ALL[0] not in touched
    assert read(proven, ALL[:4])["up.label_end"].null_count() == max(30 - DAYS[ALL[4]].height, 0)


@pytest.mark.parametrize("order", ["forwards", "backwards", "a hole filled last"])
def test_any_order_of_work_gives_the_same_bytes(proven: Lake, order: str) -> None:
    write(proven, ALL)
    built(proven, ALL)
    clean = made(proven)
    for table in (proven.table("labels", "demo"), proven.table("bars", "1m")):
        for day in ALL:
            table.remove(ALFA.name, day)
    hole = [*ALL[:3], *ALL[5:], *ALL[3:5]]
    for day in {"forwards": ALL, "backwards": ALL[::-1], "a hole filled last": hole}[order]:
        write(proven, [day])
        assert day in built(proven, [day])
    assert made(proven) == clean


def test_unproven_labels_are_refused(lake: Lake) -> None:
    write(lake, ALL[:1])
    with pytest.raises(Refused, match="label direction: is not proven yet with these parameters"):
        built(lake, ALL[:1])
    assert lake.table("labels", "demo").dates(ALFA.name) == []
