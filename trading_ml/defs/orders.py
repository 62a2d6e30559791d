"""What the assets of a project's models learn, and what they are to make."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg

from trading_ml.core.errors import BadProject
from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset
from trading_ml.datasets.events import promotion
from trading_ml.models.tuning.params import TuningParams
from trading_ml.project import Project

if TYPE_CHECKING:
    from trading_ml.registry.register import Order
    from trading_ml.registry.study import Study


def to_learn(context: dg.AssetExecutionContext, lake: Lake, project: Project) -> Dataset | None:
    """The dataset that this run promoted, else the promoted one; None where this run built one that waits."""
    above = dg.AssetKey([project.name, "dataset"])
    built, holds = told_in_run(context.instance, context.run_id, above, "digest"), promotion(lake, project.name)
    if built and project.promotion == "manual" and not (holds and holds.digest == built):
        context.log.warning(f"dataset {built[:12]} waits: trading-ml dataset promote {project.name} {built[:12]}")
        return None
    return Dataset.open(lake, project.name, built)


def told_in_run(instance: dg.DagsterInstance, run_id: str, key: dg.AssetKey, name: str) -> str | None:
    """What an asset told under `name` when a run made it; None where the run did not."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        made = entry.asset_materialization
        if made and made.asset_key == key:
            return str(made.metadata[name].value)
    return None


def order(project: Project, tags: Mapping[str, str] | None = None) -> "Order":
    """What a project asks for; `tags` say by which run it is made."""
    from trading_ml.registry.register import Order

    return Order(
        project=project.name, model=project.model, training=project.training, gate=project.gate,
        evaluation=project.evaluation, threshold=project.threshold, description=project.description,
        project_file=project.text(), tags=tags or {},
    )  # fmt: skip


def study(lake: Lake, dataset: Dataset, project: Project, tags: Mapping[str, str] | None = None) -> "Study":
    """The search that a project asks for.

    Raises:
        BadProject: when it asks for none.
    """
    from trading_ml.registry.study import Study

    return Study(lake, dataset, order(project, tags), sought(project))


def sought(project: Project) -> TuningParams:
    """What a project searches.

    Raises:
        BadProject: when that is nothing.
    """
    if project.tuning is None:
        raise BadProject(project.name, "searches nothing", "say what under tuning.over of its file")
    return project.tuning


def chosen(lake: Lake, dataset: Dataset, project: Project, tags: Mapping[str, str] | None = None) -> "Order":
    """What a project asks for, with the parameters that its search has found where it has one.

    Raises:
        NoData: when the search has not come to its end.
    """
    return study(lake, dataset, project, tags).chosen() if project.tuning else order(project, tags)


def made_by(context: dg.AssetExecutionContext, key: dg.AssetKey) -> dict[str, str]:
    """Tags that say by which run, and as which asset."""
    return {"dagster_run_id": context.run_id, "asset_key": key.to_user_string()}
