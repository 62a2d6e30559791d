"""A trained model as an MLflow model: Keras or skops file, signature, requirements."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from trading_ml.models.estimators.estimator import Estimator
from trading_ml.models.estimators.stored import TRUSTED
from trading_ml.models.source import Source
from trading_ml.registry.runs import Run
from trading_ml.registry.store import Registry

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel


def log_model(registry: Registry, run: Run, model: Any, source: Source) -> LoggedModel:
    """Log the model of a run.

    The requirements are given, not inferred (that takes 13 s), and the signature says which raw windows go in.
    """
    from mlflow.entities import LoggedModelOutput
    from mlflow.models import Model

    client = registry.client
    logged = client.create_logged_model(registry.experiment, name=registry.project, source_run_id=run.id)
    with registry.lake.staging() as folder:
        made = Model(run_id=run.id, model_id=logged.model_id)
        save = _fitted if isinstance(model, Estimator) else _network
        save(model, str(folder / "model"), signature=_signature(model, source), mlflow_model=made)
        client.log_model_artifacts(logged.model_id, str(folder / "model"))
    client.log_outputs(run.id, [LoggedModelOutput(logged.model_id, step=0)])
    return client.finalize_logged_model(logged.model_id, "READY")


def _network(model: Any, path: str, **told: Any) -> None:
    from mlflow import tensorflow as flavor

    flavor.save_model(model, path, pip_requirements=_requirements("tensorflow", "keras", "numpy"), **told)


def _fitted(model: Estimator, path: str, **told: Any) -> None:
    from mlflow import sklearn as flavor

    flavor.save_model(
        model, path, serialization_format="skops", skops_trusted_types=list(TRUSTED),
        pip_requirements=_requirements("scikit-learn", "skops", "scipy", "numpy"), **told,
    )  # fmt: skip


def _signature(model: Any, source: Source) -> Any:
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Schema, TensorSpec

    raw, answer = np.dtype(np.float32), np.dtype(np.float64 if isinstance(model, Estimator) else np.float32)
    seen = {tensor.name: source.features[tensor.name] for tensor in model.inputs}
    shapes = {name: (-1, shown["window"], len(shown["columns"])) for name, shown in seen.items()}
    inputs = Schema([TensorSpec(raw, shape, name) for name, shape in shapes.items()])
    answered = model.output_shape if isinstance(model.output_shape, dict) else {None: model.output_shape}
    outputs = Schema([TensorSpec(answer, (-1, shape[-1]), name) for name, shape in answered.items()])
    return ModelSignature(inputs, outputs)


def _requirements(*names: str) -> list[str]:
    return [f"{name}=={version(name)}" for name in names]
