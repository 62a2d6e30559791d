"""A small dataset in memory, with the interface that models need of a real one."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

MINUTE = 60_000_000_000


@dataclass
class Standin:
    """Bars of a random walk on two instruments; sample i ends on bar i + window − 1 of its instrument.

    The label of a sample is known `horizon` minutes later. With `signal` 0 it is a fair coin; with more it leans on
    how the last move compares with the whole window, which a network can see and the last bar alone cannot tell.
    """

    bars: int = 600
    window: int = 6
    horizon: int = 3
    signal: float = 4.0
    seed: int = 1
    instruments: tuple[str, ...] = ("simulated:ALFA", "simulated:BETA")
    weights: np.ndarray | None = None
    classes: list[str] | None = field(default_factory=lambda: ["false", "true"])

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        count = len(self.instruments)
        walk = 100 + rng.normal(size=(count, self.bars)).cumsum(1)
        self.series = np.stack([walk, rng.normal(size=walk.shape)], axis=2).astype(np.float32)
        per = self.bars - self.window + 1 - self.horizon
        self.place = np.repeat(np.arange(count), per)
        self.bar = np.tile(np.arange(per) + self.window - 1, count)
        shown = self.windows(np.arange(len(self.bar)), "close")[:, :, 0].astype(float)
        span = shown.max(1) - shown.min(1)
        lean = self.signal * ((shown[:, -1] - shown[:, -2]) / np.where(span > 0, span, 1))
        self.answers = rng.random(len(lean)) < 1 / (1 + np.exp(-lean))

    @property
    def digest(self) -> str:
        return f"{self.seed:04d}{self.bars:04d}{int(self.signal * 10):04d}".ljust(64, "0")

    @property
    def manifest(self) -> dict[str, Any]:
        return {"labels": [{"name": "rises", "column": "rises", "classes": self.classes}]}

    @property
    def features(self) -> dict[str, dict[str, Any]]:
        return {
            "close": {"name": "close", "window": self.window, "columns": ["close"]},
            "noise": {"name": "noise", "window": 1, "columns": ["noise"]},
        }

    @cached_property
    def samples(self) -> pl.DataFrame:
        names = [self.instruments[place] for place in self.place]
        weights = np.ones(len(names), np.float32) if self.weights is None else self.weights
        return pl.DataFrame({"instrument": pl.Series(names, dtype=pl.Enum(self.instruments)), "weight": weights})

    @property
    def blocks(self) -> dict[str, np.ndarray]:
        return {name: self.series[:, :, column].reshape(-1, 1) for column, name in enumerate(self.features)}

    @property
    def ends(self) -> np.ndarray:
        return self.place * self.bars + self.bar

    def indices(self, part: str) -> np.ndarray:
        share = (self.bar - self.window + 1) / (self.bars - self.window + 1 - self.horizon)
        codes = np.select([share < 0.6, share < 0.62, share < 0.8], [0, 3, 1], 2)
        return np.flatnonzero(codes == ("train", "validation", "test", "purged").index(part))

    def windows(self, indices: np.ndarray, feature: str) -> np.ndarray:
        length, column = (self.window, 0) if feature == "close" else (1, 1)
        rows = self.bar[indices, None] + np.arange(1 - length, 1)
        return self.series[self.place[indices, None], rows, column][:, :, None]

    def last(self, indices: np.ndarray) -> np.ndarray:
        return self.series[self.place[indices], self.bar[indices]]

    def labels(self, indices: np.ndarray, label: str) -> np.ndarray:
        assert label == "rises"
        return self.answers[indices].astype(np.uint8)

    def label_intervals(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        starts = (self.bar[indices].astype(np.int64) + 1) * MINUTE
        return starts, starts + self.horizon * MINUTE


class Mixed(Standin):
    """The same bars with three labels: of two classes, of three, and a path of two numbers, the second twice the first.

    All lean on what the binary one leans on; the numbers are half noise.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        shown = self.windows(np.arange(len(self.bar)), "close")[:, :, 0].astype(float)
        lean = self.signal * (shown[:, -1] - shown[:, -2]) / np.ptp(shown, axis=1)
        rng = np.random.default_rng(self.seed + 1)
        self.values = {
            "rises": self.answers.astype(np.uint8),
            "moves": np.digitize(lean + rng.normal(size=len(lean)), [-0.7, 0.7]).astype(np.uint8),
            "step_1": (lean + rng.normal(size=len(lean))).astype(np.float32),
            "step_2": (2 * lean + rng.normal(size=len(lean))).astype(np.float32),
        }

    @property
    def manifest(self) -> dict[str, Any]:
        named = {"rises": ["false", "true"], "moves": ["down", "flat", "up"], "step_1": None, "step_2": None}
        path = {"step_1": "path", "step_2": "path"}
        return {"labels": [{"name": path.get(c, c), "column": c, "classes": classes} for c, classes in named.items()]}

    def labels(self, indices: np.ndarray, label: str) -> np.ndarray:
        return self.values[label][indices]
