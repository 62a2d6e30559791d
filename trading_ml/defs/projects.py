"""One factory: a project file becomes an asset group, from the proofs of its scripts to its registered version."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from types import ModuleType
from typing import Any

import dagster as dg

from trading_ml import features, labels
from trading_ml.bars.beside import sample
from trading_ml.core.errors import Refused, TradingError
from trading_ml.core.instruments import Instrument, instrument
from trading_ml.core.lake import Lake
from trading_ml.core.script import Use
from trading_ml.core.settings import Settings
from trading_ml.core.time import overlapped
from trading_ml.core.witness import Witness
from trading_ml.defs import partitions, report
from trading_ml.defs.jobs import keys_of_bars
from trading_ml.defs.resources import LakeResource
from trading_ml.project import Project

ROOMS = {"features": features, "labels": labels}


def tables(project: Project, grid: dg.MultiPartitionsDefinition) -> list[dg.AssetsDefinition]:
    """The project's assets on the date × instrument grid, and the proofs they demand."""
    return [_proofs(project), *(_table(project, room, grid) for room in ROOMS)]


def broken(name: str, error: TradingError) -> dg.AssetsDefinition:
    """Stands where the assets of a broken project file would: says what is wrong, and fails with it."""

    @dg.asset(key=[name, "broken"], group_name=name, description=f"This project file is broken.\n\n{error}")
    def _broken() -> None:
        raise error

    return _broken


def scripts(project: Project) -> Iterable[tuple[str, str, Use]]:
    """Room, name and script of every feature and label of a project."""
    for room in ROOMS:
        for name, use in getattr(project, room).items():
            yield room, name, use


def _proofs(project: Project) -> dg.AssetsDefinition:
    key = dg.AssetKey([project.name, "proofs"])
    checks = {(room, name): f"{room}_{name}" for room, name, _ in scripts(project)}

    @dg.asset(
        key=key,
        group_name=project.name,
        kinds={"polars"},
        deps=keys_of_bars(project),
        check_specs=[dg.AssetCheckSpec(check, asset=key, blocking=True) for check in checks.values()],
    )
    def _asset(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        """Every feature and label script proven: no look-ahead, measured warm-up and reach, partition invariance."""
        store, proofs = lake.open(), {}
        known = store.table("bars", project.bars.name).instruments()
        traded = instrument(next(filter(project.names, known), known[0]), Settings().instruments)
        with report.logged(context.log), Witness() as witness:
            for room, name, use in scripts(project):
                proofs[room, name] = _proven(ROOMS[room].proof, store, project, traded, name, use, witness)
        return dg.MaterializeResult(
            metadata={
                "proofs": report.markdown([report.proof(room, name, found) for (room, name), found in proofs.items()])
            },
            check_results=[
                dg.AssetCheckResult(check_name=checks[script], passed=proof.passed, description=_refusal(proof))
                for script, proof in proofs.items()
            ],
        )

    return _asset


def _refusal(proof: Any) -> str | None:
    """Why a script is refused, by the name under which the project uses it; None where it is not."""
    return f"{proof.kind} {proof.script} {'; '.join(proof.reasons)}" if proof.reasons else None


def _table(project: Project, room: str, grid: dg.MultiPartitionsDefinition) -> dg.AssetsDefinition:
    @dg.asset(
        key=[project.name, room],
        partitions_def=grid,
        group_name=project.name,
        kinds={"parquet"},
        deps=[*keys_of_bars(project), dg.AssetKey([project.name, "proofs"])],
        backfill_policy=dg.BackfillPolicy.single_run(),
        description=f"The {room} of {project.name} at each bar's close: {', '.join(getattr(project, room))}.",
    )
    def _asset(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[Any]:
        made, store = {}, lake.open()
        with report.logged(context.log):
            for name, span in partitions.cells(context.partition_keys, grid).items():
                for traded, days in _asked(store, project, room, instrument(name, Settings().instruments), *span):
                    uses = getattr(project, room)
                    receipts = ROOMS[room].build(store, project.name, traded, project.bars, uses, days)
                    made |= {(traded.name, str(day)): receipt for day, receipt in receipts.items()}
        return dg.MaterializeResult(metadata=report.partitions(made))

    return _asset


def _proven(
    proof: ModuleType, lake: Lake, project: Project, traded: Instrument, name: str, use: Use, witness: Witness
) -> Any:
    """The stored passing proof of a script, made now where there is none, on the bars that it is given."""
    try:
        return proof.require(lake, use.bound)
    except Refused:
        return proof.prove_and_store(lake, use.bound, *sample(lake, project.bars, traded, name, use), witness)


def _asked(
    lake: Lake, project: Project, room: str, touched: Instrument, start: date, end: date
) -> Iterator[tuple[Instrument, set[date]]]:
    """Instruments whose table some dates of one instrument touch, and the dates of each to bring up to date.

    Of an instrument that scripts look at, these are dates of all that look at it: those on which its dates go on, and
    those that could not be built as long as it was unknown.
    """
    bars, table = lake.table("bars", project.bars.name), lake.table(room, project.name)
    if project.names(touched.name) or not project.looks_at(touched.name):
        dates = {*bars.dates(touched.name), *table.dates(touched.name)}
        yield touched, {day for day in dates if start <= day < end}
    if project.looks_at(touched.name):
        for name in filter(project.names, bars.instruments()):
            traded = instrument(name, Settings().instruments)
            first, last = overlapped(start, end - timedelta(1), touched.zone, traded.zone)
            during = {first + timedelta(days) for days in range((last - first).days + 1)}
            yield traded, during.union(set(bars.dates(name)).difference(table.dates(name)))
