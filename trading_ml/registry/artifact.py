"""A trained model as an MLflow model: Keras file, signature, requirements."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from trading_ml.models.source import Source
from trading_ml.registry.runs import Run
from trading_ml.registry.store import Registry

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel


def log_model(registry: Registry, run: Run, model: Any, source: Source) -> LoggedModel:
    """Log the model of a run.

    The requirements are given, not inferred (that takes 13 s), and the signature says which raw windows go in.
    """
    from mlflow import tensorflow as flavor
    from mlflow.entities import LoggedModelOutput
    from mlflow.models import Model

    client = registry.client
    logged = client.create_logged_model(registry.experiment, name=registry.project, source_run_id=run.id)
    with registry.lake.staging() as folder:
        flavor.save_model(
            model, str(folder / "model"), signature=_signature(model, source), pip_requirements=_requirements(),
            mlflow_model=Model(run_id=run.id, model_id=logged.model_id),
        )  # fmt: skip
        client.log_model_artifacts(logged.model_id, str(folder / "model"))
    client.log_outputs(run.id, [LoggedModelOutput(logged.model_id, step=0)])
    return client.finalize_logged_model(logged.model_id, "READY")


def _signature(model: Any, source: Source) -> Any:
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Schema, TensorSpec

    kind = np.dtype(np.float32)
    shapes = {name: (-1, shown["window"], len(shown["columns"])) for name, shown in source.features.items()}
    inputs = Schema([TensorSpec(kind, shape, name) for name, shape in shapes.items()])
    return ModelSignature(inputs, Schema([TensorSpec(kind, (-1, model.output_shape[-1]))]))


def _requirements() -> list[str]:
    return [f"{name}=={version(name)}" for name in ("tensorflow", "keras", "numpy")]
