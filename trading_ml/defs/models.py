"""The assets of a project that are one for all dates and instruments: dataset, model, registered version."""

from collections.abc import Iterator, Mapping

import dagster as dg

from trading_ml import datasets
from trading_ml.datasets.audit import audit
from trading_ml.datasets.events import promotion
from trading_ml.datasets.promotion import AUTOMATIC
from trading_ml.defs import audit as audits
from trading_ml.defs import report, retrain
from trading_ml.defs.orders import chosen, made_by, to_learn, told_in_run
from trading_ml.defs.resources import LakeResource
from trading_ml.defs.tuning import tuning
from trading_ml.lineage.card import Card
from trading_ml.models.families import EstimatorParams
from trading_ml.project import Project
from trading_ml.registry.pictures import FLOWCHART, GRAPH
from trading_ml.registry.result import POSITIONS, verdict
from trading_ml.registry.store import Registry, artifact, history


class Chosen(dg.Config):
    """What goes into a dataset; everything the project names, over all dates, when left out."""

    instruments: list[str] = []
    start: str | None = None
    end: str | None = None


def models(project: Project) -> list[dg.AssetsDefinition]:
    """Dataset, search where there is one, model and version of a project."""
    return [_dataset(project), *tuning(project), _model(project), _version(project)]


def _dataset(project: Project) -> dg.AssetsDefinition:
    key = dg.AssetKey([project.name, "dataset"])

    @dg.asset(
        key=key,
        group_name=project.name,
        kinds={"parquet"},
        deps=[dg.AssetKey([project.name, part]) for part in ("features", "labels")],
        check_specs=[
            *(dg.AssetCheckSpec(check, asset=key, blocking=True) for check in ("purged", "accounted")),
            *audits.specs(project, key),
        ],
    )
    def _asset(context: dg.AssetExecutionContext, config: Chosen, lake: LakeResource) -> dg.MaterializeResult:
        """Samples, split and purged; windows are gathered while training."""
        store = lake.open()
        names = project.chosen(store.table("features", project.name).instruments(), config.instruments)
        held = retrain.stood(store, project) if project.retrain else {}  # before: what comes meanwhile counts as new
        with report.logged(context.log):
            built, why = datasets.assemble(store, project.dataset(names), config.start, config.end)
            context.log.info(why)
            told = audit(built, project.audit)
        told.keep(built)
        if project.retrain:
            retrain.remember(store, project, built, held)
        if project.promotion == "automatic" and told.passed:
            datasets.promote(store, project.name, built.digest, why=AUTOMATIC)
        holds = promotion(store, project.name)
        overlaps = sum(fold["overlaps"] for fold in built.manifest["folds"])
        counts = built.manifest["candidates"], built.manifest["kept"], sum(built.manifest["rejected"].values())
        return dg.MaterializeResult(
            metadata={
                "digest": built.digest,
                "built": why,
                "promoted": f"{holds.digest[:12]} by {holds.by} at {holds.at:%Y-%m-%d %H:%M}" if holds else "none",
                "dagster/row_count": built.manifest["kept"],
                "report": dg.MetadataValue.md(datasets.describe(built)),
                **audits.metadata(built, told),
            },
            check_results=[
                dg.AssetCheckResult(check_name="purged", passed=overlaps == 0, metadata={"overlaps": overlaps}),
                dg.AssetCheckResult(check_name="accounted", passed=counts[0] == counts[1] + counts[2]),
                *audits.results(told, overruled=holds is not None and holds.digest == built.digest),
            ],
        )

    return _asset


def _model(project: Project) -> dg.AssetsDefinition:
    key = dg.AssetKey([project.name, "model"])

    above = [dg.AssetKey([project.name, part]) for part in (["dataset", "tuning"] if project.tuning else ["dataset"])]
    library = "scikitlearn" if isinstance(project.model, EstimatorParams) else "keras"

    @dg.asset(key=key, group_name=project.name, kinds={library}, deps=above, output_required=False)
    def _asset(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
        """The trained model, told to MLflow epoch by epoch; found again where it was trained before.

        A run that was terminated has kept its whole epochs: the next one goes on after them, to the same weights.
        It learns the promoted dataset. Where this run built another one, which waits, it and what follows are skipped.
        """
        from trading_ml.registry.register import trained

        store = lake.open()
        dataset = to_learn(context, store, project)
        if dataset is None:
            return
        asked = chosen(store, dataset, project, made_by(context, key))
        with report.logged(context.log) as say:  # each epoch, and within long ones
            version = trained(store, dataset, asked, lambda epoch, metrics: say(_epoch(epoch, metrics)), say)
        epochs = history(store, project.name, version)
        number = int(version.version)
        drawn, flow = (artifact(store, project.name, number, path) for path in (GRAPH, FLOWCHART))
        yield dg.MaterializeResult(
            metadata={
                "version": int(version.version),
                "dataset": dataset.digest,
                "weights": version.tags["weights"],
                "best_epoch": int(version.tags["best_epoch"]),
                "epochs": report.plot(report.lines(epochs, "epoch")),
                "loss": epochs["loss"][-1],
                **({"graph": report.picture(drawn)} if drawn else {}),
                **({"flowchart": report.code(flow.decode(), "mermaid")} if flow else {}),
            }
        )

    return _asset


def _version(project: Project) -> dg.AssetsDefinition:
    key, above = (dg.AssetKey([project.name, part]) for part in ("version", "model"))

    @dg.asset(
        key=key,
        group_name=project.name,
        kinds={"mlflow"},
        deps=[above],
        check_specs=[dg.AssetCheckSpec("gate", asset=key)],
    )
    def _asset(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        """The registered version, judged on the untouched test part; only the gate makes it champion."""
        from trading_ml.registry.register import judged

        store = lake.open()
        learnt = told_in_run(context.instance, context.run_id, above, "dataset")  # whatever was promoted since
        dataset = datasets.Dataset.open(store, project.name, learnt)
        result = judged(store, dataset, chosen(store, dataset, project, made_by(context, key)))
        told = verdict(Registry.open(store, project.name).version(str(result.version)))
        card = Card.of(store, project.name, result.version).keep()
        drawn = artifact(store, project.name, result.version, POSITIONS)
        return dg.MaterializeResult(
            metadata={
                "version": result.version,
                "alias": result.alias or "none",
                "dataset": result.dataset,
                "test": report.markdown(result.table()),
                "rules": report.markdown(told.table()),
                "openings": told.openings,
                "trials": told.trials,
                "reasons": dg.MetadataValue.md("\n".join(f"- {reason}" for reason in result.gate.reasons) or "none"),
                "card": dg.MetadataValue.md(card),
                **({"positions": report.picture(drawn)} if drawn else {}),
            },
            check_results=[
                dg.AssetCheckResult(
                    check_name="gate",
                    passed=result.gate.passed,
                    severity=dg.AssetCheckSeverity.WARN,
                    description="; ".join(result.gate.reasons) or "better than every baseline",
                )
            ],
        )

    return _asset


def _epoch(number: int, metrics: Mapping[str, float]) -> str:
    return f"epoch {number}: " + ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
