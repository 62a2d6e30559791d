"""The asset of a project's search: between its dataset and its model, where the project file asks for one."""

from collections.abc import Iterator

import dagster as dg

from trading_ml.defs import report
from trading_ml.defs.orders import made_by, study, to_learn
from trading_ml.defs.resources import LakeResource
from trading_ml.project import Project


class Asked(dg.Config):
    """How much is searched; what the project file says where it is left out."""

    trials: int | None = None
    parallel: int | None = None


def tuning(project: Project) -> list[dg.AssetsDefinition]:
    """The search of a project, where it has one."""
    if project.tuning is None:
        return []
    key, above = (dg.AssetKey([project.name, part]) for part in ("tuning", "dataset"))

    @dg.asset(key=key, group_name=project.name, kinds={"optuna"}, deps=[above], output_required=False)
    def _asset(context: dg.AssetExecutionContext, config: Asked, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
        """Trials of the model on the validation part: the best one's parameters are those of the model.

        A run that was terminated has kept the trials that had ended: the next one goes on after them.
        """
        store = lake.open()
        dataset = to_learn(context, store, project)
        if dataset is None:
            return
        search = study(store, dataset, project, made_by(context, key))
        found = search.run(config.trials, config.parallel, say=context.log.info)
        yield dg.MaterializeResult(
            metadata={
                "search": found.search,
                "dataset": found.dataset,
                "best": found.sentence,
                "parameters": dg.MetadataValue.json(found.best.values),
                **found.states,
                "trials": report.markdown(search.rows()),
                **{name: report.picture(png) for name, png in search.pictures().items()},
            }
        )

    return [_asset]
