"""A fitted estimator: raw windows go in, answers to every label come out, as from a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.models.families.estimated import Kind, by_column
from trading_ml.models.scaling import SCALINGS


@dataclass(frozen=True)
class Shown:
    """A feature as the estimator takes it: scaled, then flat."""

    name: str
    window: int
    columns: int
    scalings: list[tuple[str, list[Any]]]
    """By name, each with what it takes beside the windows."""
    last: bool
    """Whether only the sample's own bar is taken."""

    @property
    def width(self) -> int:
        """Inputs that it comes to."""
        return self.columns * (1 if self.last else self.window)

    def flat(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scaled windows (samples, bars, columns) as (samples, inputs)."""
        for name, known in self.scalings:
            windows = SCALINGS[name](windows, *known)
        return (windows[:, -1:] if self.last else windows).reshape(len(windows), self.width)


@dataclass(frozen=True)
class Fitted:
    """What answers a label: one estimator of scikit-learn, or one for each of its columns."""

    label: str
    kind: Kind
    width: int
    """Numbers in an answer."""
    models: list[Any]

    def answers(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Shape (samples, width); a class that no training sample had has probability 0."""
        if self.kind == "numeric":
            return np.column_stack([column for each in self.models for column in by_column(each.predict(x))])
        found = self.models[0].predict_proba(x)
        if self.kind == "binary":
            return found[:, 1:]
        every = np.zeros((len(x), self.width))
        every[:, self.models[0].classes_.astype(int)] = found
        return every


@dataclass(frozen=True)
class Estimator:
    """It answers to the names by which a Keras model is asked, so that whoever predicts need not tell them apart."""

    family: str
    inputs: list[Shown]
    fitted: list[Fitted]

    @property
    def output_names(self) -> list[str]:
        """The labels."""
        return [each.label for each in self.fitted]

    @property
    def output_shape(self) -> Any:
        """(None, width), or by label where there are several."""
        return self._one_or_all([(None, each.width) for each in self.fitted])

    def predict(self, windows: Mapping[str, Any]) -> Any:
        """Answers of shape (samples, width), by label where there are several.

        Args:
            windows: By feature, raw, of shape (samples, bars, columns).
        """
        x = flat(self.inputs, windows)
        return self._one_or_all([each.answers(x) for each in self.fitted])

    predict_on_batch = predict

    def get_weights(self) -> list[NDArray[Any]]:
        """Everything that decides its answers, as arrays in a fixed order."""
        from trading_ml.models.families import ESTIMATORS

        scaling = [np.asarray(part) for each in self.inputs for _, known in each.scalings for part in known]
        of = ESTIMATORS[self.family].weights
        return scaling + [array for each in self.fitted for model in each.models for array in of(model)]

    def _one_or_all(self, values: Sequence[Any]) -> Any:
        return values[0] if len(values) == 1 else dict(zip(self.output_names, values, strict=True))


def flat(inputs: Sequence[Shown], windows: Mapping[str, Any]) -> NDArray[np.float32]:
    """All inputs of some samples side by side, (samples, inputs), from raw windows by feature."""
    return np.concatenate([each.flat(np.asarray(windows[each.name], np.float32)) for each in inputs], axis=1)
