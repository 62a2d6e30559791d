"""One factory: a project file becomes an asset group, from the proofs of its scripts to its registered version."""

from collections.abc import Iterable
from datetime import date
from types import ModuleType
from typing import Any

import dagster as dg
import polars as pl

from trading_ml import features, labels
from trading_ml.core.errors import Refused, TradingError
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake, Table
from trading_ml.core.script import Bound
from trading_ml.core.settings import Settings
from trading_ml.defs import partitions, report
from trading_ml.defs.resources import LakeResource
from trading_ml.project import Project

ROOMS = {"features": features, "labels": labels}
PROOF_BARS = 20_000


def tables(project: Project, grid: dg.MultiPartitionsDefinition) -> list[dg.AssetsDefinition]:
    """The project's assets on the date × instrument grid, and the proofs they demand."""
    return [_proofs(project), *(_table(project, room, grid) for room in ROOMS)]


def broken(name: str, error: TradingError) -> dg.AssetsDefinition:
    """Stands where the assets of a broken project file would: says what is wrong, and fails with it."""

    @dg.asset(key=[name, "broken"], group_name=name, description=f"This project file is broken.\n\n{error}")
    def _broken() -> None:
        raise error

    return _broken


def scripts(project: Project) -> Iterable[tuple[str, str, Bound]]:
    """Room, name and script of every feature and label of a project."""
    for room in ROOMS:
        for name, use in getattr(project, room).items():
            yield room, name, use.bound


def _proofs(project: Project) -> dg.AssetsDefinition:
    key = dg.AssetKey([project.name, "proofs"])
    checks = {(room, name): f"{room}_{name}" for room, name, _ in scripts(project)}

    @dg.asset(
        key=key,
        group_name=project.name,
        kinds={"polars"},
        deps=[dg.AssetKey(["bars", project.bars.name])],
        check_specs=[dg.AssetCheckSpec(check, asset=key, blocking=True) for check in checks.values()],
    )
    def _asset(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        """Every feature and label script proven: no look-ahead, measured warm-up and reach, partition invariance."""
        store, proofs = lake.open(), {}
        sample = _sample(store.table("bars", project.bars.name), project)
        with report.logged(context.log):
            for room, name, bound in scripts(project):
                proofs[room, name] = _proven(ROOMS[room].proof, store, bound, sample)
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
        deps=[dg.AssetKey(["bars", project.bars.name]), dg.AssetKey([project.name, "proofs"])],
        backfill_policy=dg.BackfillPolicy.single_run(),
        description=f"The {room} of {project.name} at each bar's close: {', '.join(getattr(project, room))}.",
    )
    def _asset(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[Any]:
        made, store = {}, lake.open()
        with report.logged(context.log):
            for name, span in partitions.cells(context.partition_keys, grid).items():
                traded = instrument(name, Settings().instruments)
                days = _days(store, project, room, name, *span)
                uses = getattr(project, room)
                receipts = ROOMS[room].build(store, project.name, traded, project.bars, uses, days)
                made |= {(name, str(day)): receipt for day, receipt in receipts.items()}
        return dg.MaterializeResult(metadata=report.partitions(made))

    return _asset


def _sample(bars: Table, project: Project) -> tuple[pl.DataFrame, str]:
    """The latest bars of the project's first instrument, real ones to prove its scripts on, and their zone."""
    known = bars.instruments()
    name = next(filter(project.names, known), known[0])
    frames, rows = [], 0
    for day in reversed(bars.dates(name)):
        frames.append(bars.read(name, day))
        rows += frames[-1].height
        if rows >= PROOF_BARS:
            break
    return pl.concat(reversed(frames)), instrument(name, Settings().instruments).zone


def _proven(proof: ModuleType, lake: Lake, bound: Bound, sample: tuple[pl.DataFrame, str]) -> Any:
    """The stored passing proof of a script, made now where there is none."""
    try:
        return proof.require(lake, bound)
    except Refused:
        return proof.prove_and_store(lake, bound, *sample)


def _days(lake: Lake, project: Project, room: str, name: str, start: date, end: date) -> set[date]:
    """Dates in [start, end) that have bars, or had them when the table was last built."""
    both = lake.table("bars", project.bars.name), lake.table(room, project.name)
    return {day for table in both for day in table.dates(name) if start <= day < end}
