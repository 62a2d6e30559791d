"""Small simulated datasets and the models on them, as the gate sees them: answers, probabilities, and nothing else.

A market's increments are noise and a drift that follows a persistent feature as strongly as is asked; a label is
whether the price is higher `horizon` steps on, so that neighbouring labels overlap. Models are scores of that feature
with persistent noise of their own, turned into probabilities by a logistic fit on the training part. The baselines are
fitted on the training part too: the share of yes, what followed on the last known label, and a logistic fit of a worse
feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trading_ml.registry.exam import Exam

Floats = NDArray[np.float64]
PARTS = {"train": slice(0, 3000), "validation": slice(3050, 4650), "test": slice(4700, 6300)}
LENGTH, MINUTE = 6300, 60 * 10**9
HORIZONS = (3, 5, 10)


@dataclass(frozen=True)
class Market:
    """One simulated dataset: what happened, and what could be seen.

    Attributes:
        seed: Which one.
        drift: Mean increment where the feature is 1, in deviations of an increment.
        until: Share of the test part after which the drift ends.
        wander: Standard deviation of a drift that no feature shows and that lasts for hundreds of steps.
    """

    seed: int
    drift: float = 0.0
    until: float = 1.0
    wander: float = 0.0

    @cached_property
    def horizon(self) -> int:
        """Steps that a label looks forward."""
        return HORIZONS[self.seed % len(HORIZONS)]

    @cached_property
    def feature(self) -> Floats:
        """What can be known."""
        return persistent(self._rng(1), LENGTH, 0.9)

    @cached_property
    def worse(self) -> Floats:
        """What everybody knows."""
        return self.seen(2)

    def seen(self, stream: int) -> Floats:
        """The feature through noise."""
        return (self.feature + 1.5 * persistent(self._rng(stream), LENGTH, 0.9)) / np.sqrt(3.25)

    @cached_property
    def answers(self) -> NDArray[np.int64]:
        """Whether the price is higher `horizon` steps on."""
        last = PARTS["test"].start + self.until * (PARTS["test"].stop - PARTS["test"].start)
        drift = self.drift * self.feature * (np.arange(LENGTH) < last) + self.wander * persistent(
            self._rng(3), LENGTH, 0.995
        )
        steps = np.concatenate([drift, np.zeros(self.horizon)]) + self._rng(4).normal(size=LENGTH + self.horizon)
        paths = np.concatenate([[0.0], np.cumsum(steps)])
        return (paths[self.horizon : self.horizon + LENGTH] > paths[:LENGTH]).astype(np.int64)

    @cached_property
    def baselines(self) -> dict[str, Floats]:
        """Probabilities by each."""
        known = np.concatenate([np.full(self.horizon, -1), self.answers[: -self.horizon]])
        taught = self.answers[PARTS["train"]]
        shares = [taught[known[PARTS["train"]] == state].mean() for state in (0, 1)]
        return {
            "majority": np.full(LENGTH, taught.mean()),
            "persistence": np.array([*shares, taught.mean()])[known],
            "logistic_on_last": self.fitted(self.worse),
        }

    def score(self, number: int, feature: Floats | None = None, noise: float = 1.0) -> Floats:
        """What model `number` sees: a feature through noise of its own."""
        own = persistent(self._rng(100 + number), LENGTH, 0.95)
        return noise * own if feature is None else feature + noise * own

    def fitted(self, score: Floats) -> Floats:
        """Probabilities of a logistic fit on the training part."""
        seen = np.stack([np.ones(LENGTH), score], axis=1)
        x, y, weights = seen[PARTS["train"]], self.answers[PARTS["train"]], np.zeros(2)
        for _ in range(8):
            p = logistic(x @ weights)
            weights += np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + 1e-9 * np.eye(2), x.T @ (y - p))
        return logistic(seen @ weights)

    def exam(self, p: Floats, part: str = "test") -> Exam:
        """What a model and the baselines answered on a part."""
        where = PARTS[part]
        starts = (np.arange(LENGTH) * MINUTE)[where]
        others = {name: told[where] for name, told in self.baselines.items()}
        return Exam(
            "rises", "binary", self.answers[where], starts, starts + self.horizon * MINUTE, p[where], others
        )  # fmt: skip

    def by_validation(self, models: Mapping[int, Floats]) -> list[int]:
        """Numbers of models, the one that orders the validation part best first."""
        where = PARTS["validation"]
        worth = {number: auc(self.answers[where], p[where]) for number, p in models.items()}
        return sorted(worth, key=lambda number: -worth[number])

    def _rng(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, stream])


def persistent(rng: np.random.Generator, length: int, keeps: float) -> Floats:
    """A series of mean 0 and variance 1, each value `keeps` of the last one and the rest new."""
    from scipy.signal import lfilter

    steps = rng.normal(size=length) * np.sqrt(1 - keeps**2)
    steps[0] = rng.normal()
    return np.asarray(lfilter([1.0], [1.0, -keeps], steps))


def logistic(values: Floats) -> Floats:
    """1 / (1 + e⁻ˣ)."""
    return 1 / (1 + np.exp(-np.clip(values, -40, 40)))


def auc(answers: NDArray[np.integer], p: Floats) -> float:
    """P(a true sample's probability exceeds a false one's), ties half."""
    from scipy.stats import rankdata

    true = int(answers.sum())
    return float((rankdata(p)[answers == 1].sum() - true * (true + 1) / 2) / (true * (len(answers) - true)))


def lucky(market: Market, tried: int) -> list[Floats]:
    """Models that know nothing, the one that looks best on the validation part first."""
    models = {number: logistic(0.2 * market.score(number)) for number in range(tried)}
    return [models[number] for number in market.by_validation(models)]


def honest(market: Market, tried: int = 5, noise: float = 0.5) -> Floats:
    """The best on the validation part of a few models that see the feature."""
    models = {number: market.fitted(market.score(number, market.feature, noise)) for number in range(tried)}
    return models[market.by_validation(models)[0]]


def equal(market: Market, number: int = 0) -> Floats:
    """A model that sees the feature through as much noise as the best baseline, its own."""
    return market.fitted(market.seen(10 + number))


def one_class(market: Market) -> Floats:
    """An honest order of samples, all below one half."""
    return honest(market) * 0.4


def overconfident(market: Market) -> Floats:
    """An honest order of samples with probabilities far too sure."""
    p = honest(market)
    return logistic(8 * np.log(p / (1 - p)))


def overfitted(market: Market) -> Floats:
    """A model that knows its training samples by heart and is as sure of the others, of which it knows nothing."""
    p = logistic(3 * market.score(0))
    taught = PARTS["train"]
    p[taught] = np.where(market.answers[taught] == 1, 0.97, 0.03)
    return p


def precise(market: Market) -> Floats:
    """Precision 1 at a recall of 0.017: an honest order, all but a handful of sure ones below one half."""
    p = honest(market) * 0.5
    where = np.arange(PARTS["test"].start, PARTS["test"].stop)
    true = where[market.answers[where] == 1]
    p[true[np.argsort(-p[true])[: round(0.017 * len(true))]]] = 0.95
    return p


def leaking(market: Market) -> Floats:
    """A model that is told the answer by one of its features."""
    return logistic(8 * (market.answers - 0.5) + market.score(0))


def control_exam(market: Market, leak: bool) -> Exam:
    """On the validation part, of a model taught on permuted labels; where they leak, it knows something of them."""
    rng = np.random.default_rng([market.seed, 7])
    permuted = rng.permutation(market.answers[PARTS["validation"]])
    told = persistent(rng, len(permuted), 0.9) + (permuted if leak else 0.0)
    base = market.exam(np.full(LENGTH, 0.5), "validation")
    constant = {"majority": np.full(len(permuted), 0.5)}
    return replace(base, answers=permuted, model=logistic(told - told.mean()), baselines=constant)
