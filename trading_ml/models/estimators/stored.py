"""Estimators in files without pickle: skops makes only objects of types that are named here or known to be harmless."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

from trading_ml.core.errors import BadFile, Refused
from trading_ml.models.estimators.estimator import Estimator

FILE = "model.skops"
"""What MLflow calls it."""
TRUSTED = [
    *(f"trading_ml.models.estimators.estimator.{name}" for name in ("Estimator", "Fitted", "Shown")),
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
]
"""Types beside those that skops knows to be harmless: ours, which are plain records, and nodes of trees."""


def save(estimator: Estimator, path: Path) -> None:
    """Write an estimator into a file."""
    from skops import io

    io.dump(estimator, path)


def load(path: Path) -> Estimator:
    """The estimator in a file.

    Raises:
        BadFile: when it is damaged.
        Refused: when it would make objects of other types, or holds something else.
    """
    from skops import io

    again = "train the model again"
    try:
        foreign = [name for name in io.get_untrusted_types(file=path) if name not in TRUSTED]
    except BadZipFile:
        raise BadFile(path.name, "is no skops file, or damaged", again) from None
    if foreign:
        raise Refused(path.name, f"holds {', '.join(foreign)}, which nobody vouches for", again)
    found = io.load(path, trusted=TRUSTED)
    if not isinstance(found, Estimator):
        raise Refused(path.name, f"holds a {type(found).__name__} and no estimator", again)
    return found
