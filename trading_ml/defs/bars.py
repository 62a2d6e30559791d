"""One bars asset per distinct kind of bar that the projects ask for."""

import dagster as dg

from trading_ml.bars import BarParams, build_span
from trading_ml.core.instruments import instrument
from trading_ml.core.settings import Settings
from trading_ml.defs import partitions, report
from trading_ml.defs.resources import LakeResource


def bars(params: BarParams, grid: dg.MultiPartitionsDefinition) -> dg.AssetsDefinition:
    """The bars asset of one kind of bar on the date × instrument grid."""

    @dg.asset(
        key=["bars", params.name],
        partitions_def=grid,
        group_name="bars",
        kinds={"parquet"},
        deps=["ticks"],
        backfill_policy=dg.BackfillPolicy.single_run(),
        description=f"Bars of {params.name}, known at their close; excluded ticks left out.",
    )
    def _bars(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        made, store = {}, lake.open()
        with report.logged(context.log):
            for name, span in partitions.cells(context.partition_keys, grid).items():
                receipts = build_span(store, instrument(name, Settings().instruments), params, *span)
                made |= {(name, str(day)): receipt for day, receipt in receipts.items()}
        return dg.MaterializeResult(metadata=report.partitions(made))

    return _bars
