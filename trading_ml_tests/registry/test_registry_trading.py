"""Profit and loss on the test part: at the quotes of the samples' bars, by everybody, told to MLflow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest

from trading_ml.core.errors import NoData
from trading_ml.core.lake import Lake
from trading_ml.core.time import NS, date_of
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.pnl import PnlParams
from trading_ml.registry.params import EvaluationParams, GateParams
from trading_ml.registry.register import Order, register
from trading_ml.registry.result import POSITIONS
from trading_ml.registry.store import Registry, artifact
from trading_ml.registry.trading import earned as earned_by
from trading_ml.registry.trading import totals, traded
from trading_ml_tests.models.standin import MINUTE, Standin

ZONE = "America/New_York"
EVALUATION = EvaluationParams(pnl=PnlParams(spread_bps=10))


class Quoted(Standin):
    """A stand-in that says which bars it was made from, as a dataset does."""

    @property
    def manifest(self) -> dict[str, Any]:
        return super().manifest | {"params": {"bars": {"every": "1m"}}}


@pytest.fixture
def source(lake: Lake) -> Quoted:
    """Its closes, as bars."""
    source = Quoted(bars=1500)
    for name, series in zip(source.instruments, source.series, strict=True):
        for day, bars in by_day(series[:, 0].astype(np.float64)):
            lake.table("bars", "1m").write(name, day, bars, inputs="hand")
    return source


def by_day(closes: np.ndarray) -> Iterator[tuple[Any, pl.DataFrame]]:
    opens = MINUTE * np.arange(len(closes))
    bars = pl.DataFrame({"ts_open": opens, "ts_close": opens + MINUTE, "close": closes})
    days = np.array([date_of(int(stamp), ZONE) for stamp in opens])
    for day in np.unique(days):
        yield day, bars.filter(pl.Series(days == day)).with_columns(pl.col("ts_open", "ts_close").cast(NS))


def earned(source: Standin, place: int, wanted: np.ndarray, bars: np.ndarray) -> float:
    """Cash, in basis points of the first close, of trading at the close less or plus five basis points."""
    closes = source.series[place, bars, 0].astype(float)
    cash = held = 0.0
    for target, close in zip([*wanted[:-1], 0.0], closes, strict=True):
        cash -= (target - held) * close * (1 + 5e-4 * np.sign(target - held))
        held = target
    return 1e4 * cash / closes[0]


def test_everybody_trades_at_the_quotes_of_the_samples_own_bars(lake: Lake, source: Quoted) -> None:
    test = source.indices("test")
    scores = {"model": np.random.default_rng(3).random(len(test)), "majority": np.full(len(test), 0.7)}
    answers = source.answers[test].astype(int)
    trades = traded(lake, source, test, PnlParams(spread_bps=10), scores, answers)
    assert [each.instrument for each in trades] == list(source.instruments)
    wanted = {"model": scores["model"] > 0.5, "majority": scores["majority"] > 0.5, "optimal": answers == 1}
    for place, each in enumerate(trades):
        rows = np.flatnonzero(source.place[test] == place)
        assert each.rows.tolist() == rows.tolist()
        for who, up in wanted.items():
            found = each.by[who]
            expected = earned(source, place, np.where(up[rows], 1.0, -1.0), source.bar[test][rows])
            assert found.bps(found.net) == pytest.approx(expected, rel=1e-6)
    told = totals(trades)
    assert told["pnl_bps"] == pytest.approx(np.mean([each.by["model"].bps(each.by["model"].net) for each in trades]))
    assert earned_by(trades).sum() == pytest.approx(told["pnl_bps"])
    assert told["pnl_bps"] == pytest.approx(told["gain_bps"] - told["spread_bps"])
    assert told["pnl_bps_majority"] == pytest.approx(told["pnl_bps_held"])
    assert told["uncharged_bps"] > told["spread_bps"] / 2 > 0


def test_bars_that_went_away_are_missed(lake: Lake, source: Quoted) -> None:
    test, coin = source.indices("test"), np.full(len(source.indices("test")), 0.5)
    table = lake.table("bars", "1m")
    day = table.dates("simulated:BETA")[-1]
    table.write("simulated:BETA", day, table.read("simulated:BETA", day)[:-100], inputs="shorter")
    with pytest.raises(NoData, match=r"1m bars of simulated:BETA: lack \d+ of \d+ judged samples"):
        traded(lake, source, test, PnlParams(), {"model": coin}, coin)


def test_a_project_that_asks_for_it_is_judged_with_it(lake: Lake, source: Quoted, monkeypatch: Any) -> None:
    order = Order(
        project="positions",
        model=resolve({"family": "dense", "units": [4], "scale": {"close": "minmax"}}),
        training=TrainingParams(epochs=1), gate=GateParams(min_samples=300),
    )  # fmt: skip
    plain = register(lake, source, order)
    assert not any("pnl" in name for name in plain.metrics)
    assert artifact(lake, "positions", plain.version, POSITIONS) is None
    monkeypatch.setattr("trading_ml.registry.register.train", None)
    asked = Order(**{**vars(order), "evaluation": EVALUATION})
    found = register(lake, source, asked)
    assert found.version == plain.version
    assert len([reason for reason in found.gate.reasons if "net profit" in reason]) == 1
    assert {"test_pnl_bps", "test_pnl_bps_optimal", "test_pnl_bps_held", "test_pnl_bps_majority"} <= set(found.metrics)
    assert found.metrics["test_pnl_bps_optimal"] > found.metrics["test_pnl_bps_held"]
    assert found.table()[0]["pnl_bps"] == found.metrics["test_pnl_bps"]
    drawn = artifact(lake, "positions", found.version, POSITIONS)
    assert drawn is not None
    assert drawn.startswith(b"\x89PNG")
    registry = Registry.open(lake, "positions")
    logged = registry.client.get_run(str(registry.version("1").run_id)).data.metrics
    assert logged["test_uncharged_bps"] == found.metrics["test_uncharged_bps"]
