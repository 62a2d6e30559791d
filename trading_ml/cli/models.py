"""`trading-ml model`: look at a project's versions, compare them, and decide which one is champion."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trading_ml.cli import output
from trading_ml.cli.main import app
from trading_ml.cli.root import lake
from trading_ml.core.errors import BadParams, Refused
from trading_ml.core.settings import Settings

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from trading_ml.registry.aliases import Change
    from trading_ml.registry.store import Registry

group = typer.Typer(help="Registered versions of a project's model.", no_args_is_help=True)
app.add_typer(group, name="model")
Name = Annotated[str, typer.Argument(help="Name of a project.")]
Version = Annotated[str, typer.Argument(help="Number of a version, or the alias it holds: champion or candidate.")]
Reason = typer.Option(help="Why, for the record.")
By = Annotated[str | None, typer.Option(help="Who decides; by default the user who runs this.")]
_PICTURES = (".png", ".svg", ".pdf")


@group.command("list")
def all_of(
    name: Annotated[str | None, typer.Argument(help="Name of a project; all that have models if left out.")] = None,
) -> None:
    """The versions of a project, the newest first; without a name, the projects that have models."""
    from trading_ml.registry.versions import projects, registry_of, versions

    store = lake()
    if name is None:
        rows = [_project(registry_of(store, each)) for each in projects(store)]
        output.emit({"models": rows}, output.table(rows) if rows else "no project has a model yet")
        return
    rows = [_line(version) for version in versions(registry_of(store, name))]
    output.emit({"model": name, "versions": rows}, output.table(rows) if rows else f"{name} has no versions yet")


@group.command()
def show(name: Name, version: Version = "champion") -> None:
    """The card of a version, by default the champion's: what it is for, what made it, and the gate's answer."""
    from rich.markdown import Markdown

    from trading_ml.lineage.card import Card

    registry, found = _found(name, version)
    card = Card.of(registry.lake, name, int(found.version))
    held = f"holds {', '.join(sorted(found.aliases))}" if found.aliases else "holds no alias"
    value = {"model": name, **card.told["version"], "metrics": card.judgement.metrics if card.judgement else {}}
    text = card.text
    output.emit({**value, "card": text}, f"{name} version {found.version} {held}", Markdown(text))


@group.command()
def compare(
    name: Name,
    words: Annotated[list[str], typer.Argument(metavar="VERSION VERSION…", help="Numbers or aliases, two or more.")],
    chart: Annotated[Path | None, typer.Option(help="Draw the metrics into this file: .png, .svg or .pdf.")] = None,
    baselines: Annotated[bool, typer.Option("--baselines", help="Show the metrics of baselines too.")] = False,
) -> None:
    """Versions side by side: metrics of all parts, parameters that differ, the gate's reasons, and their datasets."""
    from trading_ml.registry import comparison
    from trading_ml.registry.versions import find, registry_of

    if chart and chart.suffix not in _PICTURES:
        raise BadParams(f"--chart {chart}", "is no picture that can be drawn", f"end it in {', '.join(_PICTURES)}")
    registry = registry_of(lake(), name)
    told = comparison.compare(registry, [find(registry, word) for word in words])
    if chart:
        comparison.chart(told).savefig(chart, dpi=120)
    numbers = told["versions"]
    tables = {
        f"{name} on all parts": comparison.rows(told, baselines),
        "parameters that differ": comparison.lines(numbers, told["parameters"], "parameter"),
        "environment that differs": comparison.lines(numbers, told["environment"], "of"),
    }
    reasons = [_said(number, said) for number, said in zip(numbers, told["gate"], strict=True)]
    hints = [*(f"what their datasets have different: {each}" for each in told["dataset_diffs"])]
    output.emit(told, *(output.table(rows, title) for title, rows in tables.items() if rows), *reasons, *hints)


@group.command()
def promote(
    name: Name,
    version: Version,
    reason: Annotated[str, Reason] = "",
    by: By = None,
    force: Annotated[bool, typer.Option("--force", help="Although the gate said no; demands --reason.")] = False,
) -> None:
    """Make a version champion by hand; what the gate has not let pass is refused without --force and --reason."""
    from trading_ml.registry import promotion

    registry, found = _found(name, version)
    _tell(name, f"version {found.version} is champion", promotion.promote(registry, found, reason, by, force))


@group.command()
def retire(name: Name, version: Version, reason: Annotated[str, Reason], by: By = None) -> None:
    """Retire a version: it stays, and never becomes champion by itself; the champion cannot be retired."""
    from trading_ml.registry import promotion

    registry, found = _found(name, version)
    _tell(name, f"version {found.version} is retired", promotion.retire(registry, found, reason, by))


@group.command()
def gate(name: Name, version: Version) -> None:
    """Judge a version again, by the rules that the project file has now; exit 1 with the reasons when it is refused."""
    from trading_ml.lineage.card import Card
    from trading_ml.project import find
    from trading_ml.registry.judgement import rejudge
    from trading_ml.registry.result import Result, verdict

    registry, found = _found(name, version)
    project = find(name, Settings().projects)
    with output.bars():
        rejudge(registry.lake, name, found.version, project)
    Card.of(registry.lake, name, int(found.version)).keep()
    found = registry.version(found.version)
    result = Result.of(found)
    said = {"passed": result.gate.passed, "reasons": list(result.gate.reasons)}
    shown = _said(result.version, said), f"it holds {result.alias}" if result.alias else "it holds no alias"
    rules = output.table(verdict(found).table(), "what each rule found")
    output.emit(result.model_dump(mode="json"), output.table(result.table()), rules, *shown)
    if not result.gate.passed:
        raise typer.Exit(Refused.exit_code)


@group.command("history")
def trail(name: Name) -> None:
    """Who moved which alias, or retired which version, when and why, from the first to the last."""
    from trading_ml.registry.aliases import history
    from trading_ml.registry.versions import registry_of

    found = history(registry_of(lake(), name))
    rows = [change.row for change in found]
    value = {"project": name, "changes": [change.model_dump(mode="json", by_alias=True) for change in found]}
    output.emit(value, output.table(rows) if rows else f"{name}: no alias was ever moved")


def _found(name: str, word: str) -> tuple[Registry, ModelVersion]:
    from trading_ml.registry.versions import find, registry_of

    registry = registry_of(lake(), name)
    return registry, find(registry, word)


def _tell(name: str, what: str, change: Change) -> None:
    """What was done, and the entry of the record that says so."""
    value = {"model": name, **change.model_dump(mode="json", by_alias=True)}
    output.emit(value, f"{name} {what}, by {change.by}: {change.why}")


def _project(registry: Registry) -> dict[str, Any]:
    from trading_ml.registry.aliases import held_by
    from trading_ml.registry.versions import versions

    found, held = versions(registry), held_by(registry)
    newest = int(found[0].version) if found else None
    return {"model": registry.project, "versions": len(found), "newest": newest, **{
        alias: held.get(alias) for alias in ("champion", "candidate")
    }}  # fmt: skip


def _line(version: ModelVersion) -> dict[str, Any]:
    from trading_ml.registry.aliases import RETIRED

    created = datetime.fromtimestamp(int(version.creation_timestamp) / 1000, UTC)
    return {
        "version": int(version.version),
        "aliases": sorted(version.aliases),
        "created": created.isoformat(" ", "minutes")[:16],
        "dataset": version.tags["dataset"][:12],
        "gate": version.tags.get("gate", "not judged"),
        "reasons": version.tags.get("gate_reasons", ""),
        "retired": version.tags.get(RETIRED, ""),
    }


def _said(number: int, said: dict[str, Any] | None) -> str:
    if said is None:
        return f"version {number}: the gate has not judged it"
    if said["passed"]:
        return f"version {number}: the gate let it pass"
    return f"version {number}: the gate refused it: {'; '.join(said['reasons'])}"
