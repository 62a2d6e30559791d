"""Sampling error of a figure on samples that overlap in time: few long blocks, and Student's t.

The figure is computed on block resamples of all samples (see `bootstrap`), the same ones for everybody, so that what
two models share cancels in their difference. Blocks are long, so that what neighbours have in common stays within one,
and therefore few: as many as `bootstrap.block_length` leaves. So the error itself is known no better than from so many
observations, and bounds take Student's quantile instead of the normal one (as Ibragimov and Müller 2010 do for means of
few groups).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.registry.bootstrap import METRICS, block_length, resamples

if TYPE_CHECKING:
    from trading_ml.registry.exam import Exam

Floats = NDArray[np.float64]
Figure = Callable[[Floats], Floats]
"""A figure of the samples by how often each was drawn: weights, (resamples, samples), to values, (resamples,)."""
RESAMPLES = 400
_SEED = 20_260_101
_REMEMBERED = 4_000_000  # weights


@dataclass(frozen=True)
class Sampled:
    """A figure, and what it might as well have been."""

    value: float
    draws: Floats
    """On each resample; NaN where it is undefined."""
    blocks: float
    """Independent blocks among the samples."""

    def __sub__(self, other: Sampled) -> Sampled:
        return Sampled(self.value - other.value, self.draws - other.draws, self.blocks)

    def __neg__(self) -> Sampled:
        return Sampled(-self.value, -self.draws, self.blocks)

    @property
    def error(self) -> float:
        """Standard error; resampling b blocks shows (b − 1)/b of the variance, which is made good."""
        return float(np.nanstd(self.draws) * np.sqrt(self.blocks / max(self.blocks - 1, 1)))

    def lower(self, share: float) -> float:
        """Confidence bound from below, which is wrong in a `share` of cases."""
        return self.value - student(share, self.blocks) * self.error

    def upper(self, share: float) -> float:
        """The same from above."""
        return self.value + student(share, self.blocks) * self.error


def student(share: float, blocks: float) -> float:
    """What a standardised mean of `blocks` independent values exceeds in a `share` of cases.

    Example:
        >>> round(student(0.05, 25), 3), round(student(0.05, 1e6), 3)
        (1.711, 1.645)
    """
    from scipy.special import stdtrit

    return float(stdtrit(max(blocks - 1, 1), 1 - share))


def sampled(exam: Exam, figures: Sequence[Figure]) -> list[Sampled]:
    """Figures of an exam that is in the order of time, on the same resamples.

    Args:
        exam: What was asked and answered.
        figures: Each takes weights of all its samples.
    """
    samples, length = len(exam.answers), block_length(exam.starts, exam.ends)
    drawn = [[figure(weights) for figure in figures] for weights in _drawn(samples, length)]
    draws = [np.concatenate(each) for each in zip(*drawn, strict=True)]
    every = np.ones((1, samples))
    return [
        Sampled(float(figure(every)[0]), found, samples / length)
        for figure, found in zip(figures, draws, strict=True)
    ]  # fmt: skip


def _drawn(samples: int, length: int) -> Iterable[Floats]:
    """The resamples; those of few samples are remembered, since several rules ask for them one after the other."""
    few = samples * RESAMPLES <= _REMEMBERED
    return _remembered(samples, length, RESAMPLES) if few else resamples(samples, length, RESAMPLES, _SEED)


@lru_cache(maxsize=1)
def _remembered(samples: int, length: int, count: int) -> tuple[Floats, ...]:
    return tuple(resamples(samples, length, count, _SEED))


def scored(exam: Exam, metric: str, told: Floats, where: NDArray[np.bool_] | slice = slice(None)) -> Figure:
    """A metric of somebody's answers, or of those to some of the samples."""
    answers, given = exam.answers[where].astype(np.float64), told[where]
    measure: Callable[[Any, Any, Any], Floats] = METRICS[exam.kind][metric]
    return lambda weights: measure(answers, given, weights[:, where])


def plain(exam: Exam, metric: str, told: Floats, where: NDArray[np.bool_] | slice = slice(None)) -> float:
    """The metric itself; NaN where it is undefined."""
    return float(scored(exam, metric, told, where)(np.ones((1, len(exam.answers))))[0])
