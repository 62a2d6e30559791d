"""The vault: any epoch whose checkpoint is there becomes a version, while its training goes on or afterwards.

Such a version has a run of its own, below the training's, so neither is in the other's way. It holds no alias, and
nothing of the test part was looked at for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trading_ml.core.digest import digest
from trading_ml.core.errors import NoData, Refused
from trading_ml.core.lake import Lake
from trading_ml.core.user import user
from trading_ml.models import runtime
from trading_ml.models.build import build, graph_of
from trading_ml.models.checkpoint import Checkpoint, Checkpoints
from trading_ml.models.source import Source
from trading_ml.models.standing import alone
from trading_ml.models.train import weights_digest
from trading_ml.registry.artifact import log_model
from trading_ml.registry.runs import Given
from trading_ml.registry.store import MODEL_KEY, TRAINING, Registry
from trading_ml.registry.trainings import VAULT, Training

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


def vault(
    lake: Lake, training: Training, source: Source, epoch: int, note: str = "", by: str | None = None
) -> ModelVersion:
    """Register the model as it was after an epoch; no alias moves, and the gate stays closed.

    The training's lock is not asked for, so this never waits for it.

    Args:
        lake: The data root.
        training: Which one.
        source: Its dataset.
        epoch: From 1.
        note: Why this epoch.
        by: Who wants it; the user of this process if left out.

    Raises:
        NoData: when the epoch has no checkpoint (any more). Refused: when it is in the vault already.
    """
    registry, what = Registry.open(lake, training.project), f"epoch {epoch} of run {training.run[:8]}"
    kept, key = Checkpoints.at(lake, training.project, training.key), digest(training.key, epoch)
    with alone(lake, training.project, key):
        registry.settle(key)
        if known := registry.find(key):
            raise Refused(what, f"is in the vault already, as version {known.version}")
        checkpoint = kept.after(epoch)
        if checkpoint is None:
            raise NoData(what, *_not_there(kept.epochs()))
        told = {VAULT: "true", "run": training.run, "epoch": str(epoch), "note": note, "by": by or user()}
        return _register(registry, training, source, checkpoint, {**told, MODEL_KEY: key})


def _register(
    registry: Registry, training: Training, source: Source, checkpoint: Checkpoint, told: dict[str, str]
) -> ModelVersion:
    model = _model(registry, training, source, checkpoint)
    of_run = registry.client.get_run(training.run).data.tags
    tags = {name: tag for name, tag in of_run.items() if not name.startswith("mlflow.") and name != TRAINING} | told
    name = f"{training.name}, epoch {told['epoch']}"
    shown = {"mlflow.parentRunId": training.run, "mlflow.user": told["by"], "mlflow.note.content": told["note"]}
    with registry.run(name, tags | shown, training.params) as run:
        run.dataset(
            training.project, source.digest, registry.lake.path("datasets", training.project, source.digest[:12])
        )
        run.history(checkpoint.history)
        logged = log_model(registry, run, model, source)
        made = {"weights": weights_digest(model), "best_epoch": told["epoch"]}
        return registry.add(run, logged, tags | made)


def _model(registry: Registry, training: Training, source: Source, checkpoint: Checkpoint) -> Any:
    """The network, built as the training built it, with the weights of the epoch."""
    runtime.start()
    given = Given.of(registry.client, training.run)
    model = build(source, graph_of(source, given.model), given.training.precision)
    checkpoint.give_weights(model)
    return model


def _not_there(epochs: list[int]) -> tuple[str, str]:
    there = f"there are those of {', '.join(map(str, epochs))}" if epochs else "there are none of this run any more"
    return f"its checkpoint is not there; {there}", "training.keep_checkpoints says how many stay"
