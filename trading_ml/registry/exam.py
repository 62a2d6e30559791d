"""An exam: what the test part asked about one label, and what the model and the baselines answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.models.source import Kind

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Exam:
    """Answers on one label, sample by sample; a model of several labels takes one exam in each."""

    label: str
    kind: Kind
    answers: NDArray[Any]
    """What happened: codes of classes (0 or 1 where there are two), or numbers, (samples,) or (samples, columns)."""
    starts: NDArray[np.int64]
    """Time of each sample, nanoseconds UTC."""
    ends: NDArray[np.int64]
    """When its label was known."""
    model: Floats
    """By the model: P(second class), (samples,); P of each class, (samples, classes); or numbers, shaped as answers."""
    baselines: Mapping[str, Floats]
    """The same by each baseline."""
    earned: Floats | None = None
    """Net profit at each sample in basis points, where the model is to be traded; None where it is not."""
    classes: tuple[str, ...] = ("false", "true")
    """Names of the classes by code; without meaning for numbers."""

    def in_time(self) -> Exam:
        """The same exam in the order of time, instruments side by side: what is drawn together moved together."""
        order = np.argsort(self.starts, kind="stable")
        ordered = {name: getattr(self, name)[order] for name in ("answers", "starts", "ends", "model")}
        others = {name: answered[order] for name, answered in self.baselines.items()}
        earned = None if self.earned is None else self.earned[order]
        return replace(self, **ordered, baselines=others, earned=earned)
