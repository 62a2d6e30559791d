"""`trading-ml component`: what models can be put together from, and `project graph`: what one is put together from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trading_ml.cli import output, projects
from trading_ml.cli.main import app
from trading_ml.core.settings import Settings
from trading_ml.project import find

group = typer.Typer(help="Components of models.", no_args_is_help=True)
app.add_typer(group, name="component")
File = Annotated[Path | None, typer.Option("--output", help="Draw a picture into this file, .svg or .png.")]

Use = Annotated[str, typer.Argument(help="Built-in name, or package.module:function.")]


@group.command("list")
def list_components() -> None:
    """The built-in components, the families that are graphs of them, and those that scikit-learn fits."""
    from trading_ml.models.component import described
    from trading_ml.models.components import COMPONENTS
    from trading_ml.models.families import ESTIMATORS, FAMILIES

    found = [described(name) for name in COMPONENTS]
    families = [{"name": name, "draws": family.draws} for name, family in (FAMILIES | ESTIMATORS).items()]
    value = {"components": [{key: each[key] for key in ("name", "summary", "schema")} for each in found]}
    rows = [{"component": each["name"], "what it does": each["summary"]} for each in found]
    output.emit(value | {"families": families}, output.table(rows), output.table(families))


@group.command("show")
def show_component(use: Use) -> None:
    """A component's formula, shapes, and the form of its parameters."""
    from trading_ml.models.component import described

    told = described(use)
    rows = [
        {"parameter": key, "default": form.get("default", "required"), "what it says": form.get("description", "")}
        for key, form in told["schema"].get("properties", {}).items()
    ]
    output.emit(told, told["docstring"], output.table(rows, f"parameters of {use}") if rows else "")


@projects.group.command("graph")
def graph(name: projects.Name, build: projects.Build = False, file: File = None) -> None:
    """The graph of a project's model, as a Mermaid flowchart or as a picture; with --build, its shapes and weights."""
    from trading_ml.models import drawing
    from trading_ml.models.graph import mermaid

    project = find(name, Settings().projects)
    told = project.graph
    measured = drawing.measures(projects.built(project), told) if build else {}
    flow = mermaid(told, {node: each.shape for node, each in measured.items()})
    value = {"project": project.name, "mermaid": flow, **told.model_dump(mode="json")}
    if build:
        value |= {"measures": {node: each._asdict() for node, each in measured.items()}}
    if file:
        drawing.write(drawing.picture(told, project.name, measured), file)
        value |= {"output": str(file)}
    output.emit(value, f"drawn into {file}" if file else flow)
