"""Features of other bars: evaluated on them or joined to ours, by partition as over all history, rebuilt with cause."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl
import pytest

from trading_ml.bars import BarParams, coarser
from trading_ml.core.crafted import crafted
from trading_ml.core.errors import BadInput
from trading_ml.core.evidence import Invariance, Lookahead
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake
from trading_ml.core.time import local_date
from trading_ml.features import Bars, FeatureUse, build, needs
from trading_ml.features.proof import FeatureProof

HERE = "trading_ml_tests.features.test_feature_other_bars"
TOKYO = Instrument(source="simulated", symbol="ALFA", zone="Asia/Tokyo")
OTHER = "simulated:BETA"  # in UTC, and round the clock but for a night
MINUTES = BarParams(every="1m")


@needs(slow=Bars("30m"), beta=Bars("1m", OTHER, max_age="2h"))
def spread() -> dict[str, pl.Expr]:
    """Own close over the slow one, three bars' mean of the other instrument's."""
    return {"slow": pl.col("close") / pl.col("slow.close"), "beta": pl.col("beta.close").rolling_sum(3)}


@needs(fine=Bars("1m", OTHER, inside=True))
def inner() -> pl.Expr:
    """Finer bars inside the bar, in sum."""
    return pl.col("fine.close").list.sum()


USES = {
    "slow": FeatureUse.parse({"use": "sma", "period": 9, "on": "30m"}, "slow"),
    "beta": FeatureUse.parse({"use": "log_return", "on": {"every": "1m", "instrument": OTHER, "max_age": "3h"}}, ""),
    "spread": FeatureUse.parse({"use": f"{HERE}:spread"}, "spread"),
    "inner": FeatureUse.parse({"use": f"{HERE}:inner"}, "inner"),
    "own": FeatureUse.parse({"use": "log_return"}, "own"),
}
WARM_UP = {"slow": 8, "beta": 1, "spread": 2, "inner": 0, "own": 1}
OWN = crafted(700)
SLOW = coarser(OWN.drop("filled"), "4h", "Asia/Tokyo")  # stand for bars of 30 minutes
BETA = crafted(900, 2).with_columns(pl.col("close") * 2)


def by_day(bars: pl.DataFrame, zone: str) -> dict[date, pl.DataFrame]:
    dated = bars.with_columns(local_date("ts_open", zone).alias("day"))
    return {key: frame.drop("day") for (key,), frame in dated.partition_by("day", as_dict=True).items()}  # pyright: ignore[reportReturnType]


TABLES = {
    ("1m", TOKYO.name): by_day(OWN, "Asia/Tokyo"),
    ("30m", TOKYO.name): by_day(SLOW, "Asia/Tokyo"),
    ("1m", OTHER): by_day(BETA, "UTC"),
}
ALL = sorted(TABLES["1m", TOKYO.name])
BETA_DAYS = sorted(TABLES["1m", OTHER])


@pytest.fixture
def proven(lake: Lake) -> Lake:
    for name, use in USES.items():
        fine = {"passed": True, "deterministic": True, "lookahead": Lookahead(passed=True)}
        proof = FeatureProof(
            script=name, params={}, digest=use.bound.digest, warm_up=WARM_UP[name],
            partition_invariance=Invariance(passed=True, worst=0.0), **fine,
        )  # fmt: skip
        proof.store(lake)
    return lake


def write(lake: Lake, every: str, name: str, days: Iterable[date]) -> None:
    for day in days:
        lake.table("bars", every).write(name, day, TABLES[every, name][day], inputs=str(day))


def write_all(lake: Lake) -> None:
    for (every, name), days in TABLES.items():
        write(lake, every, name, days)


def made(lake: Lake) -> dict[date, str]:
    table = lake.table("features", "demo")
    return {day: receipt.digest for day in table.dates(TOKYO.name) if (receipt := table.receipt(TOKYO.name, day))}


def built(lake: Lake, days: Iterable[date], uses: Iterable[str] = USES) -> list[date]:
    return list(build(lake, "demo", TOKYO, MINUTES, {name: USES[name] for name in uses}, days))


def read(lake: Lake) -> pl.DataFrame:
    return pl.concat(lake.table("features", "demo").read(TOKYO.name, day) for day in ALL)


def as_of(close: object, others: pl.DataFrame, hours: float) -> int | None:
    """Row of the last other bar that has closed, by a plain loop."""
    found = None
    for row, other in enumerate(others["ts_close"].to_list()):
        if other <= close:
            found = row
    too_old = found is not None and (close - others["ts_close"][found]).total_seconds() > hours * 3600  # pyright: ignore
    return None if too_old else found


def test_values_are_those_of_plain_loops(proven: Lake) -> None:
    write_all(proven)
    assert built(proven, ALL) == ALL
    frame = read(proven)
    slow, beta = SLOW["close"].to_list(), BETA["close"].to_list()
    checked = 0
    for row in range(5, OWN.height, 13):
        own = frame.row(row, named=True)
        assert own["ts_close"] == OWN["ts_close"][row]
        at = as_of(own["ts_close"], SLOW, 7 * 24)
        mean = sum(slow[at - 8 : at + 1]) / 9 if at is not None and at >= 8 else None
        assert own["slow.sma"] == (None if mean is None else pytest.approx(mean))
        assert own["spread.slow"] == (None if at is None else pytest.approx(OWN["close"][row] / slow[at]))
        at = as_of(own["ts_close"], BETA, 3)
        change = None if at is None or at == 0 else pl.Series([beta[at] / beta[at - 1]]).log()[0]
        assert own["beta"] == (None if change is None else pytest.approx(change, abs=1e-12))
        three = [as_of(OWN["ts_close"][row - lag], BETA, 2) for lag in range(3)]
        total = None if None in three else sum(beta[at] for at in three if at is not None)
        assert own["spread.beta"] == (None if total is None else pytest.approx(total))
        within = BETA.filter(pl.col("ts_open") >= OWN["ts_open"][row], pl.col("ts_close") <= own["ts_close"])
        assert own["inner"] == pytest.approx(sum(within["close"]))
        checked += sum(value is not None for value in own.values())
    assert checked > 250
    for name in ("beta", "slow.sma", "spread.beta"):
        assert 0 < frame[name].null_count() < OWN.height


@pytest.fixture
def clean(proven: Lake) -> dict[date, str]:
    """Digests of everything built at once, in a lake that is then emptied but for the first day of other bars."""
    write_all(proven)
    built(proven, ALL)
    digests = made(proven)
    for day in ALL:
        proven.table("features", "demo").remove(TOKYO.name, day)
    for (every, name), days in TABLES.items():
        for day in sorted(days)[1:] if (every, name) != ("1m", TOKYO.name) else days:
            proven.table("bars", every).remove(name, day)
    return digests


def test_day_by_day_is_all_at_once(proven: Lake, clean: dict[date, str]) -> None:
    for day in ALL:
        for (every, name), days in TABLES.items():
            write(proven, every, name, [d for d in days if d <= day])
        built(proven, [day])
    assert made(proven) == clean


def test_other_bars_that_come_late_rebuild_what_looked_for_them_and_no_more(
    proven: Lake, clean: dict[date, str]
) -> None:
    late = BETA_DAYS[len(BETA_DAYS) // 2]
    write_all(proven)
    proven.table("bars", "1m").remove(OTHER, late)
    built(proven, ALL)
    before = {day: (proven.table("features", "demo").path(TOKYO.name, day)).stat().st_mtime_ns for day in ALL}
    assert made(proven) != clean
    write(proven, "1m", OTHER, [late])
    touched = built(proven, [late])
    assert made(proven) == clean
    after = {day: (proven.table("features", "demo").path(TOKYO.name, day)).stat().st_mtime_ns for day in ALL}
    written = {day for day in ALL if before[day] != after[day]}
    assert written
    assert written <= set(touched)
    assert all(0 <= (day - late).days <= 7 for day in written)
    assert len(written) < len(ALL) - 1


def test_a_change_of_other_bars_rebuilds_later_dates_that_look_back_on_it(proven: Lake) -> None:
    write_all(proven)
    built(proven, ALL, ["slow", "own"])
    before, day = made(proven), ALL[1]
    changed = TABLES["30m", TOKYO.name][day].with_columns(pl.col("close") * 3)
    proven.table("bars", "30m").write(TOKYO.name, day, changed, inputs="changed")
    touched = built(proven, [day], ["slow", "own"])
    after = made(proven)
    moved = [d for d in ALL if before[d] != after[d]]
    assert moved
    assert set(moved) <= set(touched)
    whole = FeatureUse.parse({"use": "sma", "period": 9}, "").bound
    days = proven.table("bars", "30m")
    bars = pl.concat(days.read(TOKYO.name, d) for d in days.dates(TOKYO.name))
    expected, found = whole.evaluate(bars)["sma"].to_list(), read(proven)
    for row in range(0, OWN.height, 29):
        at = as_of(OWN["ts_close"][row], bars, 7 * 24)
        value = expected[at] if at is not None else None
        assert found["slow.sma"][row] == (None if value is None else pytest.approx(value))


def test_what_is_current_is_left_alone(proven: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all(proven)
    built(proven, ALL)
    monkeypatch.setattr("trading_ml.core.lake.Table.write", lambda *_, **__: pytest.fail("nothing changed"))
    assert built(proven, ALL) == ALL


def test_a_table_without_other_bars_says_nothing_of_them(proven: Lake) -> None:
    write_all(proven)
    built(proven, ALL[:1], ["own", "slow"])
    receipt = proven.table("features", "demo").receipt(TOKYO.name, ALL[0])
    assert receipt
    assert "on" not in receipt.facts["scripts"]["own"]
    assert receipt.facts["scripts"]["slow"]["on"] == {"every": "30m"}


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ({"every": "1m", "instrument": "simulated:BETTA"}, "features.x.on, simulated:BETTA: unknown instrument"),
        ({"every": "15m"}, "features.x.on, bars 15m of simulated:ALFA: are not built; build them first"),
        ({"evry": "15m"}, "features.x.on.evry: unknown key; did you mean 'every'?"),
        ({"every": "2d"}, "features.x.on.every: is longer than a day"),
    ],
)
def test_other_bars_that_cannot_be_are_named(proven: Lake, on: dict[str, str], said: str) -> None:
    write_all(proven)
    proven.table("ticks", "trades").write(TOKYO.name, ALL[0], OWN.head(1), inputs="some ticks")
    uses = {"x": FeatureUse.parse({"use": "log_return", "on": on}, "x")}
    with pytest.raises(BadInput) as caught:
        build(proven, "demo", TOKYO, MINUTES, uses, ALL)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
