"""What is known of a version when it is judged on one label: what every rule of the gate may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading_ml.models.evaluate import LESS_IS_BETTER, THRESHOLD
from trading_ml.registry.exam import Exam
from trading_ml.registry.sampling import Sampled, plain, sampled, scored

Floats = NDArray[np.float64]


class Rival(NamedTuple):
    """The champion of the day, asked the same.

    Attributes:
        version: Its number.
        answers: What it answers on the test part.
        since: The moment from which nothing was known to it, nanoseconds UTC: the latest label end of the samples by
            which it was trained and chosen.
    """

    version: int
    answers: Floats
    since: int


@dataclass(frozen=True)
class Case:
    """One label of a version before the gate; exams are in the order of time."""

    exam: Exam
    """On the test part."""
    metric: str
    """What is compared."""
    share: float = 0.05
    """How often a bound of this opening may be wrong."""
    openings: int = 1
    """Versions judged on this test part so far, this one included."""
    trials: int = 0
    """Models whose training was begun on this dataset so far, abandoned ones included."""
    min_samples: int = 1
    threshold: float = THRESHOLD
    """Of a label of two classes, chosen on the validation part."""
    others: Mapping[str, Exam] = field(default_factory=dict)
    """On the train and the validation part, by part."""
    champion: Rival | None = None
    no_champion: str = "there is no champion yet"
    """Why it was not asked."""
    controls: tuple[Exam, ...] = ()
    """On the validation part, of models taught on permuted labels."""

    @property
    def sign(self) -> int:
        """What a difference in the metric is multiplied by, so that more is better."""
        return -1 if self.metric in LESS_IS_BETTER else 1

    @cached_property
    def sampled(self) -> dict[str, Sampled]:
        """The metric of the model and of each baseline, with its sampling error."""
        everybody = self.exam.everybody
        found = sampled(self.exam, [scored(self.exam, self.metric, told) for told in everybody.values()])
        return dict(zip(everybody, found, strict=True))

    def advantage(self, baseline: str) -> Sampled:
        """How much better the model is than a baseline; positive is better, whatever the metric."""
        better = self.sampled["model"] - self.sampled[baseline]
        return better if self.sign > 0 else -better

    @cached_property
    def strongest(self) -> str:
        """The best baseline."""
        return min(self.exam.baselines, key=lambda name: self.advantage(name).value)

    def metric_of(self, exam: Exam) -> float:
        """The model's metric on another exam; NaN where it is undefined."""
        return plain(exam, self.metric, exam.model)
