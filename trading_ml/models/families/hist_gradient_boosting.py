"""Gradient boosting on binned inputs."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trading_ml.models.families.estimated import ALL, EstimatorParams, Kind, Lesson
from trading_ml.models.families.family import Penalty


class HistGradientBoosting(EstimatorParams):
    """A sum of small trees, each grown along the gradient of the loss that those before it have left.

    Inputs are cut into `bins` once; of several columns of numbers each has trees of its own. Where samples count
    differently, as with class weights, scikit-learn sorts each input anew for every bin: many inputs ask for fewer.
    Source: Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree (2017), as scikit-learn has it.

    Example:
        >>> list(HistGradientBoosting(family="hist_gradient_boosting").graph({"atr": 20}, ["rises"]).nodes)
        ['atr', 'atr_flat', 'rises_hist_gradient_boosting', 'rises']
    """

    draws: ClassVar = "windows, flat → sum of trees along the gradient → outputs"
    kinds: ClassVar = ALL
    several: ClassVar = False
    bytes_per_value: ClassVar = 18

    family: Literal["hist_gradient_boosting"] = "hist_gradient_boosting"
    rounds: int = Field(default=100, ge=1)
    """Trees at most, for each class where there are more than two."""
    learning_rate: float = Field(default=0.1, gt=0, allow_inf_nan=False)
    """What of each tree's answer is added."""
    leaves: int = Field(default=31, ge=2)
    """Leaves of a tree at most."""
    depth: int | None = Field(default=None, ge=1)
    """Cuts one after the other at most; any number by default."""
    min_leaf: int = Field(default=20, ge=1)
    """Fewest samples in a leaf."""
    bins: int = Field(default=255, ge=2, le=255)
    """Values of an input that are told apart, at most."""
    l2: Penalty = 0.0
    """Penalty on the squares of the leaves' answers."""
    patience: int | None = Field(default=10, ge=1)
    """Rounds without a lower loss on the validation part after which it stops; those rounds stay in it."""

    def make(self, kind: Kind, samples: int, seed: int, threads: int) -> Any:
        """Boosting for classes or for numbers."""
        from sklearn import ensemble

        numeric = kind == "numeric"
        made: Any = ensemble.HistGradientBoostingRegressor if numeric else ensemble.HistGradientBoostingClassifier
        return made(
            learning_rate=self.learning_rate, max_iter=self.rounds, max_leaf_nodes=self.leaves, max_depth=self.depth,
            min_samples_leaf=self.min_leaf, l2_regularization=self.l2, early_stopping=self.patience is not None,
            max_bins=self.bins, scoring="loss", n_iter_no_change=self.patience or 1, random_state=seed,
        )  # fmt: skip

    def teach(self, estimator: Any, lesson: Lesson, watched: Lesson) -> None:
        """Boost, watching our validation part: scikit-learn's own would be drawn among the training samples."""
        told: dict[str, Any] = {}
        if self.patience is not None:
            known = np.isin(watched.y, lesson.y) if np.issubdtype(lesson.y.dtype, np.integer) else np.s_[:]
            told = {"X_val": watched.x[known], "y_val": watched.y[known]}
            told |= {} if watched.weights is None else {"sample_weight_val": watched.weights[known]}
        estimator.fit(lesson.x, lesson.y, sample_weight=lesson.weights, **told)

    @classmethod
    def weights(cls, fitted: Any) -> list[NDArray[Any]]:
        """What it starts from, and of each tree the columns of its nodes."""
        nodes = [tree.nodes for round_ in fitted._predictors for tree in round_]
        columns = [np.ascontiguousarray(each[name]) for each in nodes for name in each.dtype.names]
        return [np.asarray(fitted._baseline_prediction), *columns]
