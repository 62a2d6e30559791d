"""What is told to MLflow of one run, in few writes: SQLite is slow at many."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class Run:
    """A run under way, or one to which more is added."""

    client: MlflowClient
    id: str

    def metrics(self, values: Mapping[str, float], step: int = 0, model: str | None = None) -> None:
        """Log metrics in one write; with `model` (a logged model's id) they are that model's as well."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        logged = [Metric(name, value, now, step, model_id=model) for name, value in values.items()]
        self.client.log_batch(self.id, metrics=logged)

    def steps(self, name: str) -> set[int]:
        """Steps at which a metric was logged."""
        return {metric.step for metric in self.client.get_metric_history(self.id, name)}

    def dataset(self, name: str, digest: str, folder: Path) -> None:
        """Name the dataset the run reads."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        dataset = Dataset(name, digest[:12], "local", json.dumps({"uri": str(folder)}))
        self.client.log_inputs(self.id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])

    def text(self, content: str, path: str) -> None:
        """Keep a text as an artifact."""
        self.client.log_text(self.id, content, path)

    def figure(self, figure: Any, path: str) -> None:
        """Keep a figure as an artifact."""
        self.client.log_figure(self.id, figure, path)
