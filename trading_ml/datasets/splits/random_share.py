"""Split at random."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from trading_ml.core.time import nanoseconds
from trading_ml.datasets.splits.split import Split, lengths, parted


class RandomShare(Split):
    """Blocks of time fall at random to validation, to test, and for the rest to train.

    Neighbours in time resemble each other and share bars, so such a test flatters; the build measures how far and
    warns. Label intervals never overlap between parts: the purge sees to that, and takes the more the shorter the
    blocks are.

    Example:
        >>> split = RandomShare(validation=0.25, test=0.25, block="1s", seed=1)
        >>> samples = pl.DataFrame({"ts": [n * 10**9 for n in range(8)]})
        >>> sorted(split.folds(samples)[0].to_list())
        ['test', 'test', 'train', 'train', 'train', 'train', 'validation', 'validation']
    """

    at_random: ClassVar = True

    by: Literal["random"] = "random"
    validation: float = Field(0.15, gt=0, lt=1)
    """Share of the blocks that validates."""
    test: float = Field(0.15, gt=0, lt=1)
    """Share of the blocks that tests."""
    block: str = "1d"
    """Length of a block, counted from 1970 in UTC; all samples of a block are in one part."""
    seed: int = Field(0, ge=0)
    """Of the draw: equal seeds draw alike."""

    _block_is_a_duration = lengths("block")

    @model_validator(mode="after")
    def _leave_a_train_part(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError(f"validation {self.validation} and test {self.test} leave nothing to train on")
        return self

    def folds(self, samples: pl.DataFrame) -> list[pl.Series]:
        """One fold, every sample in it."""
        blocks, own = np.unique(samples["ts"].to_physical().to_numpy() // nanoseconds(self.block), return_inverse=True)
        drawn = np.random.default_rng(self.seed).permutation(len(blocks))
        tested, validated = round(self.test * len(blocks)), round(self.validation * len(blocks))
        return [parted(drawn[own] >= tested + validated, drawn[own] >= tested)]
