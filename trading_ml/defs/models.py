"""The assets of a project that are one for all dates and instruments: dataset, model, registered version."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg

from trading_ml import datasets
from trading_ml.datasets.audit import audit
from trading_ml.defs import audit as audits
from trading_ml.defs import report
from trading_ml.defs.resources import LakeResource
from trading_ml.project import Project
from trading_ml.registry.store import history

if TYPE_CHECKING:
    from trading_ml.registry.register import Order


class Chosen(dg.Config):
    """What goes into a dataset; everything the project names, over all dates, when left out."""

    instruments: list[str] = []
    start: str | None = None
    end: str | None = None


def models(project: Project) -> list[dg.AssetsDefinition]:
    """Dataset, model and version of a project."""
    return [_dataset(project), _model(project), _version(project)]


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
        with report.logged(context.log):
            built = datasets.build(store, project.dataset(names), config.start, config.end)
            told = audit(built, project.audit)
        told.keep(built)
        if project.promotion == "automatic" and told.passed:
            datasets.promote(store, project.name, built.digest)
        overlaps = sum(fold["overlaps"] for fold in built.manifest["folds"])
        counts = built.manifest["candidates"], built.manifest["kept"], sum(built.manifest["rejected"].values())
        return dg.MaterializeResult(
            metadata={
                "digest": built.digest,
                "dagster/row_count": built.manifest["kept"],
                "report": dg.MetadataValue.md(datasets.describe(built)),
                "windows": report.plot(report.windows(built)),
                **audits.metadata(told),
            },
            check_results=[
                dg.AssetCheckResult(check_name="purged", passed=overlaps == 0, metadata={"overlaps": overlaps}),
                dg.AssetCheckResult(check_name="accounted", passed=counts[0] == counts[1] + counts[2]),
                *audits.results(told),
            ],
        )

    return _asset


def _model(project: Project) -> dg.AssetsDefinition:
    key = dg.AssetKey([project.name, "model"])

    @dg.asset(key=key, group_name=project.name, kinds={"keras"}, deps=[dg.AssetKey([project.name, "dataset"])])
    def _asset(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        """The trained network, told to MLflow epoch by epoch; found again where it was trained before."""
        from trading_ml.registry.register import trained

        def log(epoch: int, metrics: Mapping[str, float]) -> None:
            context.log.info(f"epoch {epoch}: " + ", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))

        store = lake.open()
        version = trained(store, datasets.Dataset.open(store, project.name), _order(project, context, key), log)
        epochs = history(store, project.name, version)
        return dg.MaterializeResult(
            metadata={
                "version": int(version.version),
                "weights": version.tags["weights"],
                "best_epoch": int(version.tags["best_epoch"]),
                "epochs": report.plot(report.lines(epochs, "epoch")),
                "loss": epochs["loss"][-1],
            }
        )

    return _asset


def _version(project: Project) -> dg.AssetsDefinition:
    key = dg.AssetKey([project.name, "version"])

    @dg.asset(
        key=key,
        group_name=project.name,
        kinds={"mlflow"},
        deps=[dg.AssetKey([project.name, "model"])],
        check_specs=[dg.AssetCheckSpec("gate", asset=key)],
    )
    def _asset(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        """The registered version, judged on the untouched test part; only the gate makes it champion."""
        from trading_ml.registry.register import judged

        store = lake.open()
        result = judged(store, datasets.Dataset.open(store, project.name), _order(project, context, key))
        return dg.MaterializeResult(
            metadata={
                "version": result.version,
                "alias": result.alias or "none",
                "dataset": result.dataset,
                "test": report.markdown(result.table()),
                "reasons": dg.MetadataValue.md("\n".join(f"- {reason}" for reason in result.gate.reasons) or "none"),
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


def _order(project: Project, context: dg.AssetExecutionContext, key: dg.AssetKey) -> "Order":
    """What is to be made, and by which run."""
    from trading_ml.registry.register import Order

    return Order(
        project=project.name, model=project.model, training=project.training, gate=project.gate,
        description=project.description, project_file=project.text(),
        tags={"dagster_run_id": context.run_id, "asset_key": key.to_user_string()},
    )  # fmt: skip
