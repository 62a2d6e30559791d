"""How a trained model does on the validation part, by all metrics of its labels and by the objectives of a search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trading_ml.models.evaluate import evaluate
from trading_ml.models.objectives import Objective
from trading_ml.models.predict import happened, predict
from trading_ml.models.source import Source, Target, part

PART = "validation"


@dataclass(frozen=True)
class Validation:
    """What happened on the validation part, and what a model said."""

    labels: Sequence[Target]
    happened: dict[str, Any]
    said: dict[str, Any]

    @classmethod
    def of(cls, model: Any, source: Source, labels: Sequence[Target]) -> Validation:
        """Ask a model about the validation part.

        Raises:
            NoData: when that is empty.
        """
        rows = part(source, PART)
        said = predict(model, source, rows, [label.name for label in labels])
        return cls(labels, {label.name: happened(source, rows, label) for label in labels}, said)

    def metrics(self) -> dict[str, float]:
        """Flat: `validation_<metric>` of one label, `validation_<label>_<metric>` of several."""
        return {
            f"{PART}_{label.name}_{metric}" if len(self.labels) > 1 else f"{PART}_{metric}": value
            for label in self.labels
            for metric, value in evaluate(self.happened[label.name], self.said[label.name], label.kind).items()
        }

    def score(self, objective: Objective) -> float:
        """What an objective comes to.

        Raises:
            BadParams: when it does not say which of several labels, or not one of them.
            NoData: when it is undefined here.
        """
        known = {label.name: label for label in self.labels}
        label = known[objective.judged(known)]
        return objective(self.happened[label.name], self.said[label.name], label.kind)
