"""Uploads and ticks: raw files in, merged and accounted ticks per date and instrument out.

A run costs more than a small file or a date. So one can build more than its own partitions: those its configuration
names besides, wherever they lie. Each is recorded as a materialization of its own when it is done.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import dagster as dg

from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Receipt
from trading_ml.core.settings import Settings
from trading_ml.defs import partitions, report
from trading_ml.defs.resources import LakeResource
from trading_ml.ticks import account, merge
from trading_ml.ticks import pyramid as blocks
from trading_ml.ticks import uploads as room


class UploadsConfig(dg.Config):
    """What else a run reads."""

    also: list[str] = []
    """Uploads beside the run's own."""


class TicksConfig(dg.Config):
    """What else a run merges."""

    also: dict[str, list[str]] = {}
    """By instrument, dates (ISO) beside those of the run's own partitions."""


@dg.asset(
    partitions_def=partitions.uploads,
    group_name="uploads",
    kinds={"csv"},
    check_specs=[dg.AssetCheckSpec("rows_accounted", asset="uploads", blocking=True)],
)
def uploads(context: dg.AssetExecutionContext, config: UploadsConfig, lake: LakeResource) -> dg.MaterializeResult:
    """One raw file, read once: every row becomes a tick or goes to the quarantine with its reason."""
    store, balances = lake.open(), []
    told: dict[str, Any] = {}
    for upload in (*config.also, context.partition_key):
        with report.logged(context.log):
            parsed = room.parse(store, upload)
        names = sorted({partitions.key_of(cell.instrument) for cell in parsed.partitions})
        partitions.add(store, context.instance, partitions.INSTRUMENTS, names)
        quarantined, told = sum(parsed.quarantined.values()), _told(parsed)
        balances.append((parsed.rows, quarantined, sum(cell.rows for cell in parsed.partitions)))
        if upload in config.also:
            context.log_event(dg.AssetMaterialization(context.asset_key, partition=upload, metadata=told))
    rows, quarantined, ticks = (sum(column) for column in zip(*balances, strict=True))
    return dg.MaterializeResult(
        metadata=told,
        check_results=[
            dg.AssetCheckResult(
                check_name="rows_accounted",
                passed=all(rows == quarantined + ticks for rows, quarantined, ticks in balances),
                metadata={"uploads": len(balances), "rows": rows, "quarantined": quarantined, "ticks": ticks},
            )
        ],
    )


def _told(parsed: room.UploadReceipt) -> dict[str, Any]:
    return {
        "dagster/row_count": parsed.rows,
        "quarantined": report.markdown([{"reason": r, "rows": n} for r, n in parsed.quarantined.items()]),
        "partitions": report.markdown([cell.model_dump(mode="json") for cell in parsed.partitions[:100]]),
    }


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
    def _ticks(context: dg.AssetExecutionContext, config: TicksConfig, lake: LakeResource) -> dg.MaterializeResult:
        """Trades and quotes of a local date: merged from all uploads, ordered, cleaned, duplicates dropped."""
        made, store = {}, lake.open()
        with report.logged(context.log):
            for name, days in config.also.items():
                wanted = {date.fromisoformat(day) for day in days}
                found = merge.build_days(store, instrument(name, Settings().instruments), wanted)
                made |= _named(name, found)
                for event in _besides(context.asset_key, name, wanted, found, grid):
                    context.log_event(event)
            for name, span in partitions.cells(context.partition_keys, grid).items():
                traded = instrument(name, Settings().instruments)
                made |= _named(name, merge.build_span(store, traded, *span))
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


def _named(name: str, found: Mapping[str, Mapping[date, Receipt]]) -> dict[tuple[str, str], Receipt]:
    """What was built of an instrument, by kind and date, under the names that tables of reports have."""
    return {(f"{name} {kind}", str(day)): receipt for kind, made in found.items() for day, receipt in made.items()}


def _besides(
    asset: dg.AssetKey,
    name: str,
    days: Iterable[date],
    found: Mapping[str, Mapping[date, Receipt]],
    grid: dg.MultiPartitionsDefinition,
) -> Iterator[dg.AssetMaterialization]:
    """One event for each partition that some dates of an instrument lie in."""
    lying = defaultdict(set)
    for day in days:
        lying[partitions.key(day, name, grid)].add(day)
    for key, within in sorted(lying.items()):
        own = {kind: {day: made[day] for day in within & made.keys()} for kind, made in found.items()}
        yield dg.AssetMaterialization(asset, partition=key, metadata=report.partitions(_named(name, own)))


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
