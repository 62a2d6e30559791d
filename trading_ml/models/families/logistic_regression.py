"""Logistic regression."""

from __future__ import annotations

from math import inf
from typing import Any, ClassVar, Literal

from numpy.typing import NDArray
from pydantic import Field

from trading_ml.models.families.estimated import EstimatorParams, Kind
from trading_ml.models.families.family import Penalty


class LogisticRegression(EstimatorParams):
    """P = softmax(x W + b) that minimises mean crossentropy + alpha · (l1_share · |W|₁ + ½ (1 − l1_share) · |W|²).

    Of two classes there is one column of W, and P is the sigmoid. It wants inputs of one size: scale them.

    Example:
        >>> list(LogisticRegression(family="logistic_regression").graph({"atr": 20}, ["rises"]).nodes)
        ['atr', 'atr_flat', 'rises_logistic_regression', 'rises']
    """

    draws: ClassVar = "windows, flat → logistic regression → outputs (classes)"
    kinds: ClassVar = ("binary", "categorical")
    double: ClassVar = True
    bytes_per_value: ClassVar = 9
    otherwise: ClassVar = "take linear_regression"

    family: Literal["logistic_regression"] = "logistic_regression"
    alpha: Penalty = 1e-4
    """Weight of the penalty beside the mean of crossentropies; scikit-learn's C is 1 / (alpha · samples)."""
    l1_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the penalty on absolute values, the rest being on squares; above 0 the solver is SAGA, else L-BFGS."""
    iterations: int = Field(default=1000, ge=1)
    """Steps at most; what has not converged by then is refused."""

    def make(self, kind: Kind, samples: int, seed: int, threads: int) -> Any:
        """The classifier."""
        from sklearn import linear_model

        c = 1 / (self.alpha * samples) if self.alpha else inf
        return linear_model.LogisticRegression(
            C=c, l1_ratio=self.l1_share, solver="saga" if self.l1_share else "lbfgs", max_iter=self.iterations,
            random_state=seed,
        )  # fmt: skip

    @classmethod
    def weights(cls, fitted: Any) -> list[NDArray[Any]]:
        """The classes that occurred, W and b."""
        return [fitted.classes_, fitted.coef_, fitted.intercept_]
