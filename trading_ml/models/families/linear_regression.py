"""Linear regression by least squares."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trading_ml.models.families.estimated import EstimatorParams, Kind
from trading_ml.models.families.family import Penalty


class LinearRegression(EstimatorParams):
    """ŷ = x W + b that minimises ½ mean((y − ŷ)²) + alpha · (l1_share · |W|₁ + ½ (1 − l1_share) · |W|²).

    Without `alpha` these are ordinary least squares (of all solutions the shortest); with it ridge regression, the
    lasso (`l1_share: 1`) or the elastic net between them.

    Example:
        >>> list(LinearRegression(family="linear_regression").graph({"atr": 20}, ["change"]).nodes)
        ['atr', 'atr_flat', 'change_linear_regression', 'change']
    """

    draws: ClassVar = "windows, flat → least squares → outputs (numbers)"
    kinds: ClassVar = ("numeric",)
    double: ClassVar = True
    bytes_per_value: ClassVar = 21
    otherwise: ClassVar = "take logistic_regression"

    family: Literal["linear_regression"] = "linear_regression"
    alpha: Penalty = 0.0
    """Weight of the penalty beside the mean of squares; it does not depend on the number of samples."""
    l1_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the penalty on absolute values, the rest being on squares."""
    iterations: int = Field(default=1000, ge=1)
    """Passes at most, where there is a penalty on absolute values; else the solution is exact."""

    def make(self, kind: Kind, samples: int, seed: int, threads: int) -> Any:
        """Least squares, ridge or elastic net."""
        from sklearn import linear_model

        if not self.alpha:
            return linear_model.LinearRegression()
        if not self.l1_share:
            return linear_model.Ridge(self.alpha * samples)
        return linear_model.ElasticNet(self.alpha, l1_ratio=self.l1_share, max_iter=self.iterations)

    @classmethod
    def weights(cls, fitted: Any) -> list[NDArray[Any]]:
        """W and b."""
        return [np.asarray(fitted.coef_), np.asarray(fitted.intercept_)]
