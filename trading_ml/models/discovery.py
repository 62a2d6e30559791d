"""Discovery: was the direction right? Of changes from the last known number to the last predicted one."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from trading_ml.core.params import Params
from trading_ml.models.evaluate import columns

Floats = NDArray[np.float64]
_SIGNS = {1: "+", -1: "-", 0: "0"}


class Spread(Params):
    """What some changes were like, in units of the label."""

    least: float
    most: float
    mean: float
    median: float

    @classmethod
    def of(cls, changes: Floats) -> Spread | None:
        """Of no changes there is nothing to say."""
        if not len(changes):
            return None
        found = changes.min(), changes.max(), changes.mean(), np.median(changes)
        return cls(**dict(zip(cls.model_fields, map(float, found), strict=True)))


class Way(Params):
    """What was said of one direction; samples where nothing changed count nowhere."""

    happened: int
    """How often it happened."""
    said: int
    """How often it was predicted."""
    right: int
    """How often both."""
    accuracy: float | None
    """right / said; None where it was never said."""
    said_right: Spread | None
    """Predicted changes that came true in direction; what a strategy may demand of the next prediction."""
    said_wrong: Spread | None
    """Those that did not."""
    happened_right: Spread | None
    """What happened where the direction came true."""
    happened_wrong: Spread | None
    """What happened where it did not."""

    @classmethod
    def of(cls, sign: int, said: Floats, happened: Floats) -> Way:
        """Of changes none of which is zero."""
        mine = np.sign(said) == sign
        right, wrong = mine & (np.sign(happened) == sign), mine & (np.sign(happened) != sign)
        return cls(
            happened=int((np.sign(happened) == sign).sum()), said=int(mine.sum()), right=int(right.sum()),
            accuracy=float(right.sum() / mine.sum()) if mine.any() else None,
            said_right=Spread.of(said[right]), said_wrong=Spread.of(said[wrong]),
            happened_right=Spread.of(happened[right]), happened_wrong=Spread.of(happened[wrong]),
        )  # fmt: skip


class Discovery(Params):
    """How often the direction of a change was right, sample after sample.

    Source: Epoch Builder's regression discovery.
    """

    samples: int
    silent: int
    """Predicted to stay exactly as it is."""
    flat: int
    """Something was predicted, and nothing changed."""
    right: int
    wrong: int
    accuracy: float | None
    """right / (right + wrong); None where neither happened."""
    rises: Way
    falls: Way
    course: str
    """A sign for each sample in its order: `+` right, `-` wrong, `0` neither."""

    @classmethod
    def of(cls, said: Floats, happened: Floats, before: Floats | None = None) -> Discovery:
        """Discover.

        Args:
            said: What was predicted, (samples,) or (samples, columns), of which the last column is looked at.
            happened: The same as it came.
            before: (samples,) the last known number, where those are levels; None where they are changes from it.

        Example:
            >>> found = Discovery.of(np.array([2.0, -1.0, 1.0]), np.array([1.0, 1.0, 3.0]))
            >>> found.accuracy, found.course, found.points
            (0.6666666666666666, '+-+', [1, 0, 1])
        """
        start = np.zeros(len(said)) if before is None else before
        told, came = columns(said)[:, -1] - start, columns(happened)[:, -1] - start
        outcomes = (np.sign(told) * np.sign(came)).astype(int)
        right, wrong, decided = int((outcomes > 0).sum()), int((outcomes < 0).sum()), outcomes != 0
        return cls(
            samples=len(told), silent=int((told == 0).sum()), flat=int(((told != 0) & (came == 0)).sum()),
            right=right, wrong=wrong, accuracy=right / (right + wrong) if decided.any() else None,
            rises=Way.of(1, told[decided], came[decided]), falls=Way.of(-1, told[decided], came[decided]),
            course="".join(_SIGNS[each] for each in outcomes.tolist()),
        )  # fmt: skip

    @property
    def outcomes(self) -> list[int]:
        """1 where the direction was right, −1 where it was wrong, 0 where there was none."""
        worth = {sign: number for number, sign in _SIGNS.items()}
        return [worth[sign] for sign in self.course]

    @property
    def points(self) -> list[int]:
        """Running points: one more for each that is right, one less for each that is wrong."""
        return list(accumulate(self.outcomes))
