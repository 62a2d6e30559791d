"""Families: named graphs with parameters, one file each; the project file chooses by `model.family`.

Networks beside what scikit-learn fits; reading their parameters imports neither Keras nor scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, SerializeAsAny

from trading_ml.core.params import one_of
from trading_ml.models.families.cnn import Cdnn, Cnn
from trading_ml.models.families.dense import Dense
from trading_ml.models.families.estimated import EstimatorParams
from trading_ml.models.families.explicit import Explicit
from trading_ml.models.families.family import Family
from trading_ml.models.families.function import Function
from trading_ml.models.families.hist_gradient_boosting import HistGradientBoosting
from trading_ml.models.families.linear import Linear
from trading_ml.models.families.linear_regression import LinearRegression
from trading_ml.models.families.logistic_regression import LogisticRegression
from trading_ml.models.families.random_forest import RandomForest
from trading_ml.models.families.recurrent import Clstm, Gru, Lstm
from trading_ml.models.families.transformer import Transformer

FAMILIES: dict[str, type[Family | Explicit]] = {
    "linear": Linear,
    "dense": Dense,
    "cnn": Cnn,
    "cdnn": Cdnn,
    "lstm": Lstm,
    "gru": Gru,
    "clstm": Clstm,
    "transformer": Transformer,
    "graph": Explicit,
    "function": Function,
}
"""Networks."""
ESTIMATORS: dict[str, type[EstimatorParams]] = {
    "linear_regression": LinearRegression,
    "logistic_regression": LogisticRegression,
    "random_forest": RandomForest,
    "hist_gradient_boosting": HistGradientBoosting,
}
"""What scikit-learn fits."""


def resolve(raw: object) -> object:
    """Parameters of the family that `raw` names in `family`; where it has nodes and names none, they are the graph.

    Raises:
        BadParams: for an unknown family or a key it does not have, suggesting the nearest.

    Example:
        >>> resolve({"family": "dense", "units": [8]}).units
        (8,)
    """
    if not isinstance(raw, Mapping):
        return raw
    family = str(raw.get("family", "graph" if "nodes" in raw else ""))
    return one_of(FAMILIES | ESTIMATORS, family, raw, "family", "model", "family")


ModelParams = Annotated[SerializeAsAny[Family | Explicit | EstimatorParams], BeforeValidator(resolve)]

__all__ = ["ESTIMATORS", "FAMILIES", "EstimatorParams", "Explicit", "Family", "ModelParams", "resolve"]
