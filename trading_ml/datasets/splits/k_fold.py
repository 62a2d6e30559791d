"""Purged k-fold cross-validation."""

from __future__ import annotations

from typing import Literal

import polars as pl
from pydantic import Field

from trading_ml.datasets.splits.split import Split, groups, parted


class KFold(Split):
    """The samples fall into groups in time; each group tests once, the one before it validates, the rest train.

    The first group has none before it and is validated by the second. Training samples whose labels overlap either
    are purged on both sides of it. The last fold, with the newest group, is the one that a single model is trained on.
    Source: Marcos López de Prado, Advances in Financial Machine Learning (2018), 7.4.

    Example:
        >>> KFold(groups=3).folds(pl.DataFrame({"ts": range(3)}))[-1].to_list()
        ['train', 'validation', 'test']
    """

    by: Literal["k_fold"] = "k_fold"
    groups: int = Field(5, ge=3)
    """How many groups, and so folds."""

    def folds(self, samples: pl.DataFrame) -> list[pl.Series]:
        """One fold a group, every sample in it."""
        group = groups(samples, self.groups)
        return [
            parted((group != test) & (group != (test - 1 if test else 1)), group != test) for test in range(self.groups)
        ]
