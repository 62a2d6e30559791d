"""`trading-ml project`: check a project file, or run it from ticks to a judged version."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trading_ml.bars import Sources, sources
from trading_ml.cli import output
from trading_ml.cli.ingest import refresh
from trading_ml.cli.main import app
from trading_ml.cli.root import lake, runs
from trading_ml.cli.tables import From, To
from trading_ml.core.errors import NoData, Refused
from trading_ml.core.instruments import instrument
from trading_ml.core.settings import Settings
from trading_ml.core.time import date_of, span
from trading_ml.project import Project, find

if TYPE_CHECKING:
    from trading_ml.core.lake import Lake
    from trading_ml.defs.runs import Runs

group = typer.Typer(help="Check and run project files.", no_args_is_help=True)
app.add_typer(group, name="project")
Name = Annotated[str, typer.Argument(help="Name of a project (projects/NAME.yaml), or a project file.")]
Build = Annotated[bool, typer.Option("--build", help="Build the model as well, without a dataset.")]
Symbols = Annotated[str | None, typer.Option(help="Only these instruments, comma-separated.")]


@group.command()
def check(name: Name, build: Build = False) -> None:
    """Read a project file and say what it asks for; with --build, its model is built, so shapes are checked as well."""
    project = find(name, Settings().projects)
    project.fit()
    if build:
        built(project)
    value = project.model_dump(mode="json")
    rows = [{"key": key, "value": str(part)} for key, part in value.items()]
    output.emit({"project": project.name, "valid": True, **value}, output.table(rows, f"{project.name} is well-formed"))


def built(project: Project) -> Any:
    """The untrained model of a project, made without a dataset; where scikit-learn fits it, its labels.

    Raises:
        BadParams: naming the node that does not fit what it reads, or the label that the family does not answer.
    """
    from trading_ml.models import runtime
    from trading_ml.models.build import build
    from trading_ml.models.families.estimated import Plan

    blank, graph = project.blank(), project.graph
    if isinstance(graph, Plan):
        return graph.checked(blank)
    runtime.start()
    return build(blank, graph)


@group.command()
def run(
    name: Name,
    symbols: Symbols = None,
    start: From = None,
    end: To = None,
) -> None:
    """Bars, features, labels, dataset, model, gate, registry: only what is not there yet is made."""
    run_project(name, words(symbols), start, end)


def run_project(name: str, symbols: list[str] | None = None, start: str | None = None, end: str | None = None) -> None:
    """Run a project and print its result; a refusal by the gate is exit code 1 with the reasons."""
    project = find(name, Settings().projects)
    with output.bars():
        active, chosen = tables(store := lake(), project, symbols or [], start, end)
        version = active.models(project, chosen, start, end)
    show(store, project, version)


def show(store: Lake, project: Project, version: int) -> None:
    """Print what a version showed and what the gate said; a refusal is exit code 1 with the reasons."""
    from trading_ml.registry.result import Result
    from trading_ml.registry.store import Registry

    result = Result.of(Registry.open(store, project.name).version(str(version)))
    rows = result.table()
    output.emit(
        result.model_dump(mode="json"),
        output.table(rows, f"{project.name} on the untouched test part"),
        _verdict(result),
    )
    if not result.gate.passed:
        raise typer.Exit(Refused.exit_code)


def tables(
    store: Lake, project: Project, symbols: list[str], start: str | None, end: str | None
) -> tuple[Runs, tuple[str, ...]]:
    """Bring bars, features and labels of a project up to date; the jobs for what comes next, and whose they are.

    Raises:
        NoData: when there are no ticks in the range.
    """
    refresh(store)
    active = runs(store, project)
    ticks = sources(store, project.bars)
    chosen = project.chosen(ticks.instruments(), symbols)
    wanted = {name: _days(ticks, name, start, end) for name in chosen}
    if not any(wanted.values()):
        known = {name: _days(ticks, name, None, None) for name in chosen}
        reach = ", ".join(f"{name} from {days[0]} to {days[-1]}" for name, days in known.items())
        raise NoData(f"{project.name}, {start} to {end}", "has no ticks in this range", f"there are {reach}")
    for name, days in wanted.items():
        if days:
            active.tables(project, name, days)
    return active, chosen


def words(given: str | None) -> list[str]:
    """What is separated by commas."""
    return [word.strip() for word in given.split(",")] if given else []


def _days(ticks: Sources, name: str, start: str | None, end: str | None) -> list[date]:
    """Dates of an instrument that have ticks, from `--from` to `--to` in its own zone."""
    traded = instrument(name, Settings().instruments)
    low, high = span(start, end, traded.zone)
    return list(ticks.days(traded, date_of(low, traded.zone), date_of(high - 1, traded.zone) + timedelta(days=1)))


def _verdict(result: Any) -> str:
    head = f"{result.model} version {result.version}, dataset {result.dataset[:12]}: "
    if result.gate.passed:
        return head + f"the gate passed it; alias {result.alias}"
    return head + "the gate refused it: " + "; ".join(result.gate.reasons)
