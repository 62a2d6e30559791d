"""Combinatorial purged cross-validation."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Literal, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from trading_ml.datasets.splits.split import Split, groups, parted

_MOST = 200
"""Folds that a split may have: each trains a model of its own."""


class Combinatorial(Split):
    """The samples fall into `groups` groups in time; every choice of `test_groups` of them tests once.

    Of the groups that do not test, the latest validates and the rest train; with N groups of which k test there are
    C(N, k) folds, which make up C(N, k)·k/N paths through the whole time. Training samples whose labels overlap a
    judging one are purged on both sides of each group.
    Source: Marcos López de Prado, Advances in Financial Machine Learning (2018), 12.4.

    Example:
        >>> Combinatorial(groups=4, test_groups=2).folds(pl.DataFrame({"ts": range(4)}))[-1].to_list()
        ['train', 'validation', 'test', 'test']
    """

    by: Literal["combinatorial"] = "combinatorial"
    groups: int = Field(6, ge=3)
    """Groups in time."""
    test_groups: int = Field(2, ge=1)
    """How many of them test in each fold."""

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if self.groups - self.test_groups < 2:
            raise ValueError(f"test_groups {self.test_groups} of {self.groups} leave no groups to train and validate")
        if (folds := comb(self.groups, self.test_groups)) > _MOST:
            raise ValueError(f"{self.test_groups} of {self.groups} groups are {folds:,} folds, more than {_MOST}")
        return self

    def folds(self, samples: pl.DataFrame) -> list[pl.Series]:
        """One fold a choice, every sample in it; the last one tests on the newest groups."""
        group, folds = groups(samples, self.groups), []
        for tested in combinations(range(self.groups), self.test_groups):
            validated = max(set(range(self.groups)) - set(tested))
            trains = ~np.isin(group, [*tested, validated])
            folds.append(parted(trains, trains | (group == validated)))
        return folds
