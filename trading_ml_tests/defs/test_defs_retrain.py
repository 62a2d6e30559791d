"""Orders come as files; dataset, model, version and the gate's answer follow with no command given."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from trading_ml.adapters.simulated.bot import BotParams
from trading_ml.adapters.simulated.ig import export
from trading_ml.core.instruments import instrument
from trading_ml.datasets.stock import Counted, Stock
from trading_ml.defs import retrain
from trading_ml.registry import aliases, promotion, register
from trading_ml.registry.store import Registry
from trading_ml.ticks import merge
from trading_ml_tests.defs.test_defs_sensors import House

NAME = "ig:SIMULATED_BTC"
PROJECT = """\
name: bot
description: Will the price rise?
instruments: ["ig:*"]
bars: {every: 10s, kind: quotes, fill: true}
features: {ret: {use: log_return, window: 3}}
labels: {up: {use: direction}}
samples: {at: orders}
split: {by: ratios, train: 0.6, validation: 0.2}
audit: {columns: {on: false}, drift: {on: false}, leak: {on: false}, null_control: {on: false}, balance: {on: false}}
model: {family: logistic_regression}
gate: {baselines: [majority], min_samples: 10}
retrain: {orders: 60}
"""


class Shop(House):
    """Orders by files; `tick` does what the daemon would do in a round, but for running what is asked."""

    def come(self, day: int, orders: int) -> None:
        """The bot's files of a day, which ended long ago."""
        params = BotParams(orders=orders, every_seconds=8, seed=day, start=date(2024, 1, day), bad_rows=0)
        for file in export(params, self.root / "raw" / "ig_prices", self.root / "raw" / "ig_orders", f".{day}"):
            os.utime(file.path, (1, 1))

    def tick(self) -> list[dg.RunRequest]:
        """What is asked for once the tables are settled."""
        self.settle()
        return self.evaluate("retraining")

    def said(self) -> str:
        """Why nothing is asked for."""
        data = self.evaluated("retraining")
        return str(data.skip_message)

    def evaluated(self, name: str) -> Any:
        """One evaluation as it is."""
        sensor = self.code.definitions.get_sensor_def(name)
        with dg.build_sensor_context(
            instance=self.instance, repository_def=self.repository, resources=self.code.definitions.resources
        ) as context:
            return sensor.evaluate_tick(context)

    @property
    def registry(self) -> Registry:
        return Registry.open(self.lake, "bot")

    def versions(self) -> list[int]:
        found = self.registry.client.search_model_versions("name = 'bot'")
        return sorted(int(version.version) for version in found)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    (tmp_path / "projects").mkdir()
    (tmp_path / "projects" / "bot.yaml").write_text(PROJECT)
    monkeypatch.setenv("TRADING_ML_PROJECTS", str(tmp_path / "projects"))
    monkeypatch.setenv("TRADING_ML_DATA", str(tmp_path / "root"))
    return Shop(tmp_path / "root")


def test_orders_that_come_make_a_version_and_those_that_come_meanwhile_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shop.tick() == []
    shop.come(day=2, orders=70)
    (first,) = shop.tick()
    assert first.tags["trading_ml/why"] == "70 new orders, 60 are enough"
    train, waits = register.trained, []

    def slowly(*given: Any) -> Any:
        shop.come(day=3, orders=65)
        waits.append((shop.tick(), shop.said()))
        return train(*given)

    with monkeypatch.context() as patched:
        patched.setattr(register, "trained", slowly)
        shop.execute("models", first)
    assert waits == [([], "bot: a run of it: under way")]
    assert shop.versions() == [1]
    promotion.promote(shop.registry, shop.registry.version("1"), "the first one", force=True)

    (second,) = shop.tick()
    assert second.tags["trading_ml/why"] == "65 new orders, 60 are enough"
    assert shop.tick() == [], "what was asked for once is not asked for again"
    shop.execute("models", second)
    assert shop.versions() == [1, 2]
    version = shop.registry.version("2")
    assert (version.tags["gate"], aliases.held_by(shop.registry)) == ("refused", {"champion": 1, "candidate": 2})
    assert all(reason in str(version.description) for reason in version.tags["gate_reasons"].split("; "))
    assert shop.tick() == []
    assert shop.said() == "bot: 0 of 60 new orders"
    shop.come(day=4, orders=20)
    assert shop.tick() == []
    assert shop.said() == "bot: 20 of 60 new orders"


def test_only_days_whose_tables_are_of_todays_ticks_are_counted_and_a_failed_run_is_asked_for_once_more(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.come(day=2, orders=70)
    shop.settle()
    (project,) = shop.code.projects
    counted = Counted(shop.lake, "bot", instrument(NAME), project.all_bars, NAME)
    before = counted.stock()
    assert (before.orders, before.days) == (70, 1)
    assert before.bars == shop.lake.table("labels", "bot").read(NAME, date(2024, 1, 2)).height
    assert counted.stock("2024-01-01") == Stock()

    monkeypatch.setattr(register, "trained", lambda *given: 1 / 0)
    for _ in range(retrain.ATTEMPTS):
        (asked,) = shop.evaluate("retraining")
        with pytest.raises(ZeroDivisionError):
            shop.execute("models", asked)
    assert shop.evaluate("retraining") == []
    assert shop.said() == "bot: its run failed 2 times; it is tried again when more has come"

    shop.come(day=3, orders=5)
    for request in shop.evaluate("raw_files"):
        shop.execute("ingest", request)
    assert counted.stock() == before, "what was read and not merged is not counted"
    for kind in ("orders", "quotes"):
        merge.build_dates(shop.lake, instrument(NAME), {date(2024, 1, 3)}, kind)
    assert counted.stock() == before, "nor what has no labels yet"
    counted.lake.table("ticks", "orders").remove(NAME, date(2024, 1, 3))
    (asked,) = shop.tick()
    assert asked.tags["trading_ml/why"] == "75 new orders, 60 are enough"
