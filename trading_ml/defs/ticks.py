"""Uploads and ticks: raw files in, merged and accounted ticks per date and instrument out."""

import dagster as dg

from trading_ml.core.instruments import instrument
from trading_ml.core.settings import Settings
from trading_ml.defs import partitions, report
from trading_ml.defs.resources import LakeResource
from trading_ml.ticks import account, merge
from trading_ml.ticks import pyramid as blocks
from trading_ml.ticks import uploads as room


@dg.asset(
    partitions_def=partitions.uploads,
    group_name="uploads",
    kinds={"csv"},
    check_specs=[dg.AssetCheckSpec("rows_accounted", asset="uploads", blocking=True)],
)
def uploads(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """One raw file, read once: every row becomes a tick or goes to the quarantine with its reason."""
    with report.logged(context.log):
        parsed = room.parse(lake.open(), context.partition_key)
    quarantined = sum(parsed.quarantined.values())
    context.instance.add_dynamic_partitions(
        partitions.instruments.name or "", sorted({partitions.key_of(cell.instrument) for cell in parsed.partitions})
    )
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": parsed.rows,
            "quarantined": report.markdown([{"reason": r, "rows": n} for r, n in parsed.quarantined.items()]),
            "partitions": report.markdown([cell.model_dump(mode="json") for cell in parsed.partitions[:100]]),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name="rows_accounted",
                passed=parsed.rows == quarantined + sum(cell.rows for cell in parsed.partitions),
                metadata={"rows": parsed.rows, "quarantined": quarantined},
            )
        ],
    )


def ticks(grid: dg.MultiPartitionsDefinition) -> dg.AssetsDefinition:
    """The ticks asset on the date × instrument grid."""

    @dg.asset(
        name="ticks",
        partitions_def=grid,
        group_name="ticks",
        kinds={"parquet"},
        deps=[dg.AssetDep(uploads, partition_mapping=dg.AllPartitionMapping())],
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[dg.AssetCheckSpec("rows_accounted", asset="ticks", blocking=True)],
    )
    def _ticks(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        """Trades and quotes of a local date: merged from all uploads, ordered, cleaned, duplicates dropped."""
        made, store = {}, lake.open()
        with report.logged(context.log):
            for name, span in partitions.cells(context.partition_keys, grid).items():
                traded = instrument(name, Settings().instruments)
                for kind, receipts in merge.build_span(store, traded, *span).items():
                    made |= {(f"{name} {kind}", str(day)): receipt for day, receipt in receipts.items()}
        balances = account.balances(made.values())
        return dg.MaterializeResult(
            metadata=report.partitions(made) | {"accounts": report.markdown(balances)},
            check_results=[
                dg.AssetCheckResult(
                    check_name="rows_accounted",
                    passed=all(b["rows"] == b["kept"] + b["duplicates"] for b in balances),
                )
            ],
        )

    return _ticks


def pyramid(grid: dg.MultiPartitionsDefinition) -> dg.AssetsDefinition:
    """The display pyramid on the date × instrument grid."""

    @dg.asset(
        name="pyramid",
        partitions_def=grid,
        group_name="ticks",
        kinds={"parquet"},
        deps=["ticks"],
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def _pyramid(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        """Lowest and highest price of every 1,024 trades: any span is drawn in no time, with every spike."""
        made, store = {}, lake.open()
        with report.logged(context.log):
            for name, span in partitions.cells(context.partition_keys, grid).items():
                receipts = blocks.build_span(store, instrument(name, Settings().instruments), *span)
                made |= {(name, str(day)): receipt for day, receipt in receipts.items()}
        return dg.MaterializeResult(metadata=report.partitions(made))

    return _pyramid
