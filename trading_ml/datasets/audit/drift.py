"""Whether the test part looks like the training part."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pydantic import Field

from trading_ml.datasets.audit.check import Check, Verdict, row
from trading_ml.datasets.audit.view import Floats, spread

if TYPE_CHECKING:
    from trading_ml.datasets.audit.verdict import Severity
    from trading_ml.datasets.audit.view import View

_MOST = 30_000
_BINS = 10
_FEWEST, _MOST_STRETCHES = 5, 20


class Drift(Check):
    """Population stability index and Kolmogorov–Smirnov distance of each column between training and test part.

    Prices wander, so another level in the test part is no fault: a layer inside the model takes care of it. What a
    column does by itself shows within the training part, in stretches as long as the test part: how far the farthest of
    them is from the others, and how far the mean steps from one to the next. A column drifts where the test part is
    farther away than that. It is refused where it is also another distribution altogether, while training was steady
    or never made such a step, as after a change of units.

    Formula: PSI = Σ (q − p) · ln(q / p) over ten bins with equal shares p of the training part (half a sample more in
    each, so that no share is 0); KS = max |F − G|; step = |m[test] − m[last]| / max |m[k+1] − m[k]| of the means m.
    """

    warn_psi: float = Field(default=0.25, gt=0)
    """PSI above which a column may drift."""
    beside: float = Field(default=2.5, ge=1)
    """How many times as far as the farthest stretch of training the test part may be without drifting."""
    refuse_psi: float = Field(default=2.0, gt=0)
    """PSI above which a column that drifts may be refused."""
    steady: float = Field(default=0.5, gt=0)
    """PSI of the farthest stretch of training, beyond what sampling gives, up to which training was steady."""
    refuse_step: float = Field(default=20.0, gt=1)
    """Step into the test part, in the largest steps of training, above which training never made such a step."""

    def judge(self, view: View) -> Verdict:
        """A line a column."""
        said, rows, wanders = [], [], []
        train, test = (
            view.dataset.last(spread(view.indices(part), _MOST)).astype(np.float64) for part in ("train", "test")
        )
        for position, column in enumerate(view.columns):
            far = Distance.of(train[:, position], test[:, position])
            rows.append(row(column=column, **far._asdict()))
            grave = self._gravity(far)
            told = f"{column}: the test part is unlike the training part (PSI {far.psi:.2f}, within {far.within:.2f})"
            if grave == "note":
                wanders.append(column)
            elif grave:
                said.append((grave, f"{told}; look for changed units or sources, or train on a later stretch"))
        if wanders:
            said.append(("note", f"{', '.join(wanders)}: wander as within training; scale them inside the model"))
        return Verdict(said, rows)

    def _gravity(self, far: Distance) -> Severity | None:
        if far.psi <= self.warn_psi:
            return None
        if far.psi > self.refuse_psi and (far.within <= self.steady + far.noise or far.step > self.refuse_step):
            return "refuse"
        return "warn" if far.psi > self.beside * far.within else "note"


class Distance(NamedTuple):
    """How far a column's test part is from its training part, and how far training goes by itself.

    Attributes:
        psi: Population stability index of the test part.
        ks: Kolmogorov–Smirnov distance of the test part.
        within: The largest PSI of a stretch of training against the rest of it.
        noise: PSI that a stretch of independent values has on average by sampling alone.
        step: Of the mean, from the end of training into the test part, in the largest such steps of training.
    """

    psi: float
    ks: float
    within: float
    noise: float
    step: float

    @classmethod
    def of(cls, train: Floats, test: Floats) -> Distance:
        """Of values in the order of time."""
        fit = min(max(round(len(train) / len(test)), _FEWEST), _MOST_STRETCHES, len(train))
        stretches = np.array_split(train, fit)
        rests = [np.concatenate([*stretches[:n], *stretches[n + 1 :]]) for n in range(fit)] if fit > 1 else []
        within = max((psi(rest, own) for rest, own in zip(rests, stretches, strict=False)), default=0.0)
        size = len(stretches[-1])
        noise = (_BINS - 1) * (1 / size + 1 / max(len(train) - size, 1))
        means = np.array([own.mean() for own in (*stretches, test[:size])])
        steps = np.abs(np.diff(means))
        usual = steps[:-1].max(initial=0)
        step = float(steps[-1] / usual) if usual else 0.0
        return cls(psi(train, test), ks(train, test), within, noise, step)


def psi(base: Floats, other: Floats) -> float:
    """Population stability index of `other` against `base`; 0 where they are alike.

    Example:
        >>> round(psi(np.arange(100.0), np.arange(100.0) + 10), 2)
        0.35
    """
    bounds = edges(base)
    return index(shares(base, bounds), shares(other, bounds))


def edges(base: Floats) -> Floats:
    """The bounds between ten bins with equal shares of `base`; fewer where values are equal."""
    return np.unique(np.quantile(base, np.linspace(0, 1, _BINS + 1)[1:-1], method="inverted_cdf"))


def shares(values: Floats, edges: Floats) -> Floats:
    """The share of values in each bin, half a value more in each, so that none is 0."""
    counts = np.bincount(np.searchsorted(edges, values, "left"), minlength=len(edges) + 1) + 0.5
    return counts / counts.sum()


def index(p: Floats, q: Floats) -> float:
    """Population stability index of shares `q` against shares `p`."""
    return float(((q - p) * np.log(q / p)).sum())


def ks(base: Floats, other: Floats) -> float:
    """Largest distance between the two distribution functions.

    Example:
        >>> ks(np.arange(10.0), np.arange(10.0) + 5)
        0.5
    """
    one, two = np.sort(base), np.sort(other)
    at = np.concatenate([one, two])
    below = [np.searchsorted(values, at, "right") / len(values) for values in (one, two)]
    return float(np.abs(below[0] - below[1]).max())
