"""What is told to MLflow of one run, in few writes: SQLite is slow at many."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trading_ml.core.errors import NoData
from trading_ml.core.params import Params
from trading_ml.models.params import ModelParams, TrainingParams

if TYPE_CHECKING:
    from mlflow import MlflowClient

_GIVEN = "parameters.json"
_BATCH = 1000  # metrics that MLflow takes at once


class Given(Params):
    """What a training was given, kept with its run, so that its model can be built again."""

    model: ModelParams
    training: TrainingParams

    @classmethod
    def of(cls, client: MlflowClient, run: str) -> Given:
        """What the training of a run was given.

        Raises:
            NoData: when somebody's own code has trained it.
        """
        path = Path(str(client.get_run(run).info.artifact_uri), _GIVEN)
        if not path.is_file():
            problem = "was trained by code of its own, so it cannot be trained again"
            raise NoData(f"run {run[:8]}", problem, "leave the gate's control off for it")
        return cls.model_validate_json(path.read_bytes())

    def keep(self, run: Run) -> None:
        """Keep it with a run."""
        run.text(self.model_dump_json(), _GIVEN)

    def flat(self) -> dict[str, Any]:
        """By `model.…` and `training.…`."""
        return {f"{name}.{k}": v for name, part in self.model_dump(mode="json").items() for k, v in part.items()}


@dataclass(frozen=True)
class Run:
    """A run under way, or one to which more is added."""

    client: MlflowClient
    id: str

    def metrics(self, values: Mapping[str, float], step: int = 0, model: str | None = None) -> None:
        """Log metrics in few writes; with `model` (a logged model's id) they are that model's as well."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._log([Metric(name, value, now, step, model_id=model) for name, value in values.items()])

    def history(self, epochs: Sequence[Mapping[str, float]]) -> None:
        """Log the metrics after each of several epochs, from the first on."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._log([Metric(*told, now, step) for step, each in enumerate(epochs, start=1) for told in each.items()])

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

    def artifact(self, file: Path) -> None:
        """Keep a copy of a file as an artifact."""
        self.client.log_artifact(self.id, str(file))

    def figure(self, figure: Any, path: str) -> None:
        """Keep a figure as an artifact."""
        self.client.log_figure(self.id, figure, path)

    def _log(self, metrics: Sequence[Any]) -> None:
        for start in range(0, len(metrics), _BATCH):
            self.client.log_batch(self.id, metrics=metrics[start : start + _BATCH])
