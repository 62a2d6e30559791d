"""Labels of finer bars: each sample answered from what opens at its close or later, in any order of work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl
import pytest

from trading_ml.bars import BarParams, coarser
from trading_ml.core.crafted import crafted
from trading_ml.core.evidence import Invariance, Lookahead
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake
from trading_ml.core.time import local_date
from trading_ml.labels import LabelUse, build
from trading_ml.labels.proof import LabelProof, Reach

ALFA = Instrument(source="simulated", symbol="ALFA")
HORIZON = 30
USES = {"up": LabelUse.parse({"use": "direction", "horizon": HORIZON, "on": {"every": "1m", "max_age": "2h"}}, "up")}
FINE = crafted(700)
OWN = coarser(FINE.drop("filled"), "3h")


def by_day(bars: pl.DataFrame) -> dict[date, pl.DataFrame]:
    dated = bars.with_columns(local_date("ts_open", "UTC").alias("day"))
    return {key: frame.drop("day") for (key,), frame in dated.partition_by("day", as_dict=True).items()}  # pyright: ignore[reportReturnType]


TABLES = {"1m": by_day(FINE), "3h": by_day(OWN)}
ALL = sorted(TABLES["3h"])


@pytest.fixture
def proven(lake: Lake) -> Lake:
    fine = {"passed": True, "deterministic": True, "lookahead": Lookahead(passed=True)}
    proof = LabelProof(
        script="up", params={}, digest=USES["up"].bound.digest, warm_up=0,
        partition_invariance=Invariance(passed=True, worst=0.0),
        reach=Reach(passed=True, measured=HORIZON, declared=HORIZON), **fine,
    )  # fmt: skip
    proof.store(lake)
    return lake


def write(lake: Lake, days: Iterable[date], only: str = "") -> None:
    for every, table in TABLES.items():
        for day in days:
            if day in table and only in ("", every):
                lake.table("bars", every).write(ALFA.name, day, table[day], inputs=str(day))


def built(lake: Lake, days: Iterable[date]) -> list[date]:
    return list(build(lake, "demo", ALFA, BarParams(every="3h"), USES, days))


def made(lake: Lake) -> pl.DataFrame:
    table = lake.table("labels", "demo")
    return pl.concat(table.read(ALFA.name, day) for day in table.dates(ALFA.name))


def expected() -> list[tuple[bool | None, object]]:
    opens, closes, prices = (FINE[name].to_list() for name in ("ts_open", "ts_close", "close"))
    found = []
    for now in OWN["ts_close"].to_list():
        row = max((number for number, close in enumerate(closes) if close <= now), default=None)
        young = row is not None and (now - closes[row]).total_seconds() <= 7200
        if row is None or not young or row + HORIZON >= len(closes) or opens[row + 1] < now:
            found.append((None, None))
            continue
        change = prices[row + HORIZON] - prices[row]
        found.append((None if change == 0 else change > 0, closes[row + HORIZON]))
    return found


def test_values_are_those_of_a_plain_loop(proven: Lake) -> None:
    write(proven, ALL)
    assert built(proven, ALL) == ALL
    frame, rows = made(proven), expected()
    assert frame["ts_close"].to_list() == OWN["ts_close"].to_list()
    assert list(zip(frame["up"].to_list(), frame["up.label_end"].to_list(), strict=True)) == rows
    assert sum(end is not None for _, end in rows) > OWN.height / 3
    assert all(end is None or end > now for (_, end), now in zip(rows, OWN["ts_close"].to_list(), strict=True))


@pytest.mark.parametrize("order", ["forwards", "backwards", "finer bars last"])
def test_any_order_of_work_gives_the_same(proven: Lake, order: str) -> None:
    if order == "finer bars last":
        write(proven, ALL, only="3h")
        write(proven, ALL[:1], only="1m")
        built(proven, ALL)
        for day in reversed(ALL):
            write(proven, [day], only="1m")
            built(proven, [day])
    else:
        for day in ALL if order == "forwards" else reversed(ALL):
            write(proven, [day])
            built(proven, [day])
    frame = made(proven)
    assert list(zip(frame["up"].to_list(), frame["up.label_end"].to_list(), strict=True)) == expected()
