"""How good a direction accuracy a coin may have, and the best of many coins.

A coin that is thrown anew for every sample has the binomial's interval. A model is no such coin: it says the same for
many samples in a row, and labels of neighbouring samples share their future, so that one lucky week counts hundreds of
times. Its interval comes from a circular block bootstrap, and the best of many models is compared with the best of as
many that know nothing and err together as these do (White 2000, A Reality Check for Data Snooping; studentised as in
Romano and Wolf 2005).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trading_ml.core.params import Params
from trading_ml.registry.bootstrap import resamples
from trading_ml.registry.sampling import student

Floats = NDArray[np.float64]
Outcomes = NDArray[np.int8]
SHARE = 0.025
"""Of coins that lie beyond either end of an interval."""
_DRAWS, _SEED, _LEAST = 999, 20_260_101, 1e-9


class Coin(Params):
    """What luck alone would come to."""

    samples: int
    block: int
    """Samples that are drawn together."""
    binomial: tuple[float, float]
    """Where 95 % of coins lie that are thrown anew for every sample."""
    persistent: tuple[float, float]
    """Where 95 % of those lie that know nothing and say the same as long as these models do: the median of theirs."""
    models: int
    expected: float
    """How many of so many that know nothing lie above their own interval: 2.5 %."""
    above: int
    """How many do."""
    below: int
    """How many lie below it, where as many are expected."""
    above_binomial: int
    """How many lie above the binomial's interval, which is too narrow for them."""
    best: float
    """The greatest accuracy."""
    best_by_luck: float
    """How often one of so many that know nothing, and err together as these do, stands out as much as the best."""
    errors: tuple[float, ...]
    """Standard error of each model's accuracy."""


def coin(outcomes: Outcomes, block: int) -> Coin:
    """Compare models with coins.

    Args:
        outcomes: (models, samples in the order of time): 1 right, −1 wrong, 0 neither.
        block: Samples drawn together; `bootstrap.block_length` knows.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> found = coin(rng.choice(np.array([-1, 1], np.int8), (20, 500)), 1)
        >>> found.above, round(found.expected, 2), round(found.binomial[1], 3)
        (0, 0.5, 0.544)
    """
    count, samples = outcomes.shape
    right, decided = ((side.T).astype(np.float64) for side in (outcomes > 0, outcomes != 0))
    accuracy = _share(right.sum(axis=0), decided.sum(axis=0))
    drawn = [_share(w @ right, w @ decided) for w in resamples(samples, block, _DRAWS, _SEED)]
    draws, blocks = np.concatenate(drawn), samples / block
    errors = np.maximum(draws.std(axis=0) * np.sqrt(blocks / max(blocks - 1, 1)), _LEAST)
    wide = student(SHARE, blocks) * errors
    stands_out = ((accuracy - 0.5) / errors).max()
    by_luck = ((draws - accuracy) / errors).max(axis=1) >= stands_out
    throw = 1.96 * 0.5 / np.sqrt(max(decided.sum(axis=0).max(), 1))
    half = float(np.median(wide))
    return Coin(
        samples=samples, block=block, binomial=(0.5 - throw, 0.5 + throw), persistent=(0.5 - half, 0.5 + half),
        models=count, expected=SHARE * count, above=int((accuracy > 0.5 + wide).sum()),
        below=int((accuracy < 0.5 - wide).sum()), above_binomial=int((accuracy > 0.5 + throw).sum()),
        best=float(accuracy.max()), best_by_luck=float((1 + by_luck.sum()) / (1 + _DRAWS)),
        errors=tuple(errors.tolist()),
    )  # fmt: skip


def _share(right: Floats, decided: Floats) -> Floats:
    """Right among decided; one half where nothing was decided."""
    return np.divide(right, decided, out=np.full(right.shape, 0.5), where=decided > 0)
