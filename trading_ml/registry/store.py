"""MLflow below the data root: one experiment and one registered model per project, in one SQLite file."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trading_ml.core.errors import NoData
from trading_ml.core.lake import Lake, publish
from trading_ml.core.signature import brief
from trading_ml.models.control import Stopped
from trading_ml.models.source import PARTS
from trading_ml.models.standing import alone
from trading_ml.registry.runs import Run

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel
    from mlflow.entities.model_registry import ModelVersion

MODEL_KEY = "model_key"
TRIAL = "trial"
"""Tag of a run that is the trial of a search: which search and, from 0, which of it."""
LABELS = "labels"
"""Tag of a version: names of the labels that it answers, with commas between."""
TRAINING = "training"
"""Tag of a run: whether it trains, is paused, or how it ended."""


def location(lake: Lake) -> tuple[str, str]:
    """MLflow's tracking URI and its artifact folder, for this data root."""
    folder = lake.root.resolve() / "mlflow"
    return f"sqlite:///{folder / 'mlflow.db'}", str(folder / "artifacts")


def connect(lake: Lake) -> MlflowClient:
    """A client of this data root's store, which is made on first use, whole or not at all."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)

    tracking, artifacts = location(lake)
    database = lake.path("mlflow", "mlflow.db")
    if not database.exists():
        with lake.lock("mlflow"), lake.staging() as folder:
            if not database.exists():
                _create(folder / "new", artifacts)
                publish(folder / "new", database)
    return mlflow.MlflowClient(tracking, tracking)


@dataclass(frozen=True)
class Registry:
    """One project's experiment and registered model."""

    lake: Lake
    client: MlflowClient
    project: str
    experiment: str
    """Id of the experiment in MLflow."""

    @classmethod
    def open(cls, lake: Lake, project: str) -> Registry:
        """The registry of a project that was run before.

        Raises:
            NoData: when it was not.
        """
        database = lake.path("mlflow", "mlflow.db")
        client = connect(lake) if database.exists() else None
        found = client and client.get_experiment_by_name(project)
        if client is None or found is None:
            raise NoData(project, "has no models yet", f"run `trading-ml project run {project}`")
        return cls(lake, client, project, found.experiment_id)

    @classmethod
    def make(cls, lake: Lake, project: str, description: str = "") -> Registry:
        """The registry of a project, made on first use."""
        client = connect(lake)
        notes = {"mlflow.note.content": description, "mlflow.experimentKind": "custom_model_development"}
        with lake.lock("mlflow"):
            found = client.get_experiment_by_name(project)
            folder = f"{location(lake)[1]}/{project}"
            experiment = found.experiment_id if found else client.create_experiment(project, folder, notes)
            if not client.search_registered_models(f"name = '{project}'", max_results=1):
                client.create_registered_model(project, description=description)
        return cls(lake, client, project, experiment)

    @contextmanager
    def run(
        self, name: str, tags: Mapping[str, str], params: Mapping[str, Any], broken: str | None = None
    ) -> Iterator[Run]:
        """A tracked run, or a broken one that goes on; it ends as finished, failed or killed, as the block does."""
        started = broken or self.client.create_run(self.experiment, run_name=name, tags=dict(tags)).info.run_id
        run = Run(self.client, started)
        try:
            self._describe(run.id, tags, params)
            yield run
        except Stopped as stopped:
            self._abandon(run.id, "KILLED", stopped.problem.removeprefix("was "))
            raise
        except Exception as error:
            self._abandon(run.id, "FAILED", f"failed with {brief(error)}")
            raise
        except BaseException:
            self._abandon(run.id, "KILLED", "interrupted")
            raise
        self._finish(run.id)

    def settle(self, mine: str = "") -> int:
        """Give an end to runs whose process died: nobody holds the lock of their model key.

        Args:
            mine: The key whose lock the caller holds.

        Returns:
            How many there were. One that had registered its version has finished, any other was killed.
        """
        runs = self.client.search_runs([self.experiment], "attributes.status = 'RUNNING'")
        keys = {run.info.run_id: run.data.tags[MODEL_KEY] for run in runs if MODEL_KEY in run.data.tags}
        return sum(self._settled(run, key, key == mine) for run, key in keys.items())

    def find(self, key: str) -> ModelVersion | None:
        """The newest version with this model key, where there is one."""
        found = self.client.search_model_versions(f"name = '{self.project}' and tags.{MODEL_KEY} = '{key}'")
        return max(found, key=lambda version: int(version.version), default=None)

    def broken(self, key: str, trial: str = "") -> str | None:
        """The newest run with this model key that was killed or failed, where there is one; none is under way.

        Args:
            key: The model key.
            trial: Of which trial of a search; a run that is to come to a version is none.
        """
        asked = f"tags.{MODEL_KEY} = '{key}' and attributes.status != 'FINISHED'"
        found = self.client.search_runs([self.experiment], asked)
        return next((run.info.run_id for run in found if run.data.tags.get(TRIAL, "") == trial), None)

    def add(self, run: Run, logged: LoggedModel, tags: Mapping[str, str]) -> ModelVersion:
        """Register a logged model: the version appears in one write with all its tags."""
        with self.lake.lock("models", self.project):
            return self.client.create_model_version(
                self.project, logged.artifact_location, run.id, tags=dict(tags), model_id=logged.model_id
            )

    def champion(self) -> ModelVersion | None:
        """The version that holds the alias `champion`, where one does."""
        aliases = self.client.get_registered_model(self.project).aliases
        return self.version(aliases["champion"]) if "champion" in aliases else None

    def version(self, number: str) -> ModelVersion:
        """A version, with its aliases and tags as they are now."""
        return self.client.get_model_version(self.project, number)

    def tag(self, version: ModelVersion, tags: Mapping[str, str]) -> None:
        """Set tags of a version, one after the other."""
        for key, value in tags.items():
            self.client.set_model_version_tag(self.project, version.version, key, value)

    def load(self, version: ModelVersion) -> Any:
        """The model of a version, from its Keras or skops file alone: what MLflow pickled beside it is not read.

        Raises:
            Refused: when a skops file would make objects that nobody vouches for.
        """
        from trading_ml.models import layers, runtime
        from trading_ml.models.estimators import stored

        folder = Path(self.client.get_model_version_download_uri(self.project, version.version))
        if (folder / stored.FILE).is_file():
            return stored.load(folder / stored.FILE)
        runtime.start()
        import keras

        file = folder / "data" / "model.keras"
        layers.register(file)
        return keras.saving.load_model(file, compile=False)

    def _describe(self, run: str, tags: Mapping[str, str], params: Mapping[str, Any]) -> None:
        """Say what a run is; one that goes on keeps the parameters it has, which MLflow lets nobody change."""
        from mlflow.entities import Param, RunTag

        self.client.update_run(run, "RUNNING")
        known = self.client.get_run(run).data.params
        new = [Param(key, str(value)) for key, value in params.items() if key not in known]
        told = {**tags, TRAINING: "under way"}
        self.client.log_batch(run, params=new, tags=[RunTag(key, value) for key, value in told.items()])

    def _settled(self, run: str, key: str, held: bool) -> bool:
        with nullcontext(True) if held else alone(self.lake, self.project, key, wait=False) as free:
            if not free or self.client.get_run(run).info.status != "RUNNING":  # it lives, or ended meanwhile
                return False
            if self.client.search_model_versions(f"run_id = '{run}'", max_results=1):
                self._finish(run)
            else:
                self._abandon(run, "KILLED", "its process died")
            return True

    def _finish(self, run: str) -> None:
        self.client.set_tag(run, TRAINING, "finished")
        self.client.set_terminated(run, "FINISHED")

    def _abandon(self, run: str, status: str, why: str) -> None:
        """End a run that comes to no version: it stays on record, a model it began to log does not."""
        for model in self.client.search_logged_models([self.experiment], f"source_run_id = '{run}'"):
            self.client.delete_logged_model(model.model_id)
            shutil.rmtree(Path(location(self.lake)[1], self.project, "models", model.model_id), ignore_errors=True)
        self.client.set_tag(run, TRAINING, why)
        self.client.set_terminated(run, status)


def load_champion(lake: Lake, project: str) -> Any:
    """The model that is the project's champion: of Keras, or an `Estimator`, which is asked alike.

    Raises:
        NoData: when the project has none.
    """
    registry = Registry.open(lake, project)
    version = registry.champion()
    if version is None:
        raise NoData(project, "has no champion: no version has passed the gate", "its versions in MLflow say why")
    return registry.load(version)


def history(lake: Lake, project: str, version: ModelVersion) -> dict[str, list[float]]:
    """The metrics of a version's training after each epoch, by name."""
    client, run = Registry.open(lake, project).client, str(version.run_id)
    names = [name for name in client.get_run(run).data.metrics if name.partition("_")[0] not in PARTS]
    logged = {name: client.get_metric_history(run, name) for name in sorted(names)}
    return {name: [m.value for m in sorted(points, key=lambda m: m.step)] for name, points in logged.items()}


def artifact(lake: Lake, project: str, number: int, path: str) -> bytes | None:
    """What the run of a version keeps at `path`, such as a figure; None where it keeps nothing there."""
    registry = Registry.open(lake, project)
    run = str(registry.version(str(number)).run_id)
    file = Path(str(registry.client.get_run(run).info.artifact_uri), path)
    return file.read_bytes() if file.is_file() else None


def _create(database: Path, artifacts: str) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(f"sqlite:///{database.resolve()}", artifacts).engine.dispose()
