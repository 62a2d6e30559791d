"""Splits, one file each; the project file chooses by `split.by`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, SerializeAsAny

from trading_ml.core.params import one_of
from trading_ml.datasets.splits.by_date import ByDate
from trading_ml.datasets.splits.combinatorial import Combinatorial
from trading_ml.datasets.splits.end_amount import EndAmount
from trading_ml.datasets.splits.k_fold import KFold
from trading_ml.datasets.splits.random_share import RandomShare
from trading_ml.datasets.splits.ratios import Ratios
from trading_ml.datasets.splits.split import PARTS, Part, Split
from trading_ml.datasets.splits.walk_forward import WalkForward

SPLITS: dict[str, type[Split]] = {
    "date": ByDate,
    "ratios": Ratios,
    "end_amount": EndAmount,
    "random": RandomShare,
    "walk_forward": WalkForward,
    "k_fold": KFold,
    "combinatorial": Combinatorial,
}


def resolve(raw: object) -> object:
    """Parameters of the split that `raw` names in `by`.

    Raises:
        BadParams: for an unknown split or a key it does not have, suggesting the nearest.

    Example:
        >>> resolve({"by": "date", "validation_from": "2024-03-01", "test_from": "2024-04-01"}).embargo
        0.0
    """
    if not isinstance(raw, Mapping):
        return raw
    return one_of(SPLITS, str(raw.get("by", "date")), raw, "split", "split", "by")


SplitParams = Annotated[SerializeAsAny[Split], BeforeValidator(resolve)]

__all__ = ["PARTS", "SPLITS", "ByDate", "Part", "Split", "SplitParams", "resolve"]
