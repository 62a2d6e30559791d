"""Random forests."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from numpy.typing import NDArray
from pydantic import Field

from trading_ml.models.families.estimated import ALL, EstimatorParams, Kind, Lesson

Share = Annotated[float, Field(gt=0, le=1)]


class RandomForest(EstimatorParams):
    """The mean answer of trees, each grown on samples drawn with replacement and few inputs a cut.

    Source: Breiman, Random Forests (2001). Cuts are by Gini impurity, or by squared error for numbers.

    Example:
        >>> list(RandomForest(family="random_forest").graph({"atr": 20}, ["rises"]).nodes)
        ['atr', 'atr_flat', 'rises_random_forest', 'rises']
    """

    draws: ClassVar = "windows, flat → mean of trees → outputs"
    kinds: ClassVar = ALL
    bytes_per_value: ClassVar = 5

    family: Literal["random_forest"] = "random_forest"
    trees: int = Field(default=100, ge=1)
    """How many."""
    depth: int | None = Field(default=None, ge=1)
    """Cuts one after the other at most; any number by default."""
    min_leaf: int = Field(default=20, ge=1)
    """Fewest samples in a leaf."""
    inputs_share: Share | None = None
    """Share of the inputs among which each cut is sought; by default the square root of their number."""
    samples_share: Share = 1.0
    """Samples that are drawn for a tree, as a share of all."""

    def make(self, kind: Kind, samples: int, seed: int, threads: int) -> Any:
        """A forest for classes or for numbers."""
        from sklearn import ensemble

        forest: Any = ensemble.RandomForestRegressor if kind == "numeric" else ensemble.RandomForestClassifier
        return forest(
            self.trees, max_depth=self.depth, min_samples_leaf=self.min_leaf, max_features=self.inputs_share or "sqrt",
            max_samples=self.samples_share if self.samples_share < 1 else None, random_state=seed, n_jobs=threads,
        )  # fmt: skip

    def teach(self, estimator: Any, lesson: Lesson, watched: Lesson) -> None:
        """Grow the trees; they answer on one thread, since several add up in any order and so to other last bits."""
        super().teach(estimator, lesson, watched)
        estimator.n_jobs = 1

    @classmethod
    def weights(cls, fitted: Any) -> list[NDArray[Any]]:
        """Of each tree where it cuts what, and what its leaves answer."""
        names = ("children_left", "children_right", "feature", "threshold", "value")
        return [getattr(tree.tree_, name) for tree in fitted.estimators_ for name in names]
