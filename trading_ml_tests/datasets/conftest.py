"""Feature and label tables written by hand, so that every expected value is known without the rooms that build them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from trading_ml.core.lake import Lake
from trading_ml.core.time import NS
from trading_ml.datasets import DatasetParams, sources

MINUTE = 60_000_000_000
HOME = "trading_ml_tests.datasets.scripts"


@dataclass
class Tables:
    """A project's tables: `bars` minutes a day from midnight UTC, values seeded by instrument and day."""

    lake: Lake
    project: str = "toy"
    bars: int = 12
    horizon: int = 2
    frames: dict[tuple[str, date], tuple[pl.DataFrame, pl.DataFrame]] = field(default_factory=dict)

    def params(self, instruments: Sequence[str] = ("test:A", "test:B"), **changes: object) -> DatasetParams:
        raw = {
            "project": self.project,
            "instruments": instruments,
            "bars": {"every": "1m"},
            "features": {
                "pair": {"use": f"{HOME}:pair", "window": 3},
                "single": {"use": f"{HOME}:single", "window": 5},
            },
            "labels": {"up": {"use": f"{HOME}:up"}},
            "split": {"by": "date", "validation_from": "2024-02-05", "test_from": "2024-02-09"},
        }
        return DatasetParams.parse(raw | changes, "")

    def write(self, params: DatasetParams, days: Sequence[date]) -> None:
        for name in params.instruments:
            for day in days:
                self.put(params, name, day, *self.frame(name, day))

    def put(self, params: DatasetParams, name: str, day: date, features: pl.DataFrame, labels: pl.DataFrame) -> None:
        self.frames[name, day] = features, labels
        for kind, frame, uses in (("features", features, params.features), ("labels", labels, params.labels)):
            facts = {"scripts": {called: use.bound.describe for called, use in uses.items()}}
            self.lake.table(kind, self.project).write(name, day, frame, inputs="hand", facts=facts)

    def frame(self, name: str, day: date) -> tuple[pl.DataFrame, pl.DataFrame]:
        rng = np.random.default_rng([ord(name[-1]), day.toordinal()])
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 10**9
        opens = midnight + MINUTE * np.arange(self.bars)
        features = pl.DataFrame(
            {
                "ts_open": opens,
                "ts_close": opens + MINUTE,
                "pair.a": rng.normal(size=self.bars),
                "pair.b": rng.normal(1e6, 10, self.bars),
                "single": rng.random(self.bars),
            },
            schema_overrides={"ts_open": NS, "ts_close": NS},
        )
        labels = pl.DataFrame(
            {
                "ts_close": opens + MINUTE,
                "up": rng.random(self.bars) > 0.5,
                "up.label_end": opens + (1 + self.horizon) * MINUTE,
            },
            schema_overrides={"ts_close": NS, "up.label_end": NS},
        )
        return features, labels


@pytest.fixture(autouse=True)
def _volatile(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests write thousands of small files and need none of them to survive a power cut."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


@pytest.fixture
def tables(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Tables:
    """Empty tables of a project whose scripts count as proven."""
    monkeypatch.setattr(sources.feature_proof, "require", lambda lake, bound: None)
    monkeypatch.setattr(sources.label_proof, "require", lambda lake, bound: None)
    return Tables(lake)
