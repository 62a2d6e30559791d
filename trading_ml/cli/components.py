"""`trading-ml component`: what models can be put together from, and `project graph`: what one is put together from."""

from __future__ import annotations

from typing import Annotated

import typer

from trading_ml.cli import output, projects
from trading_ml.cli.main import app
from trading_ml.core.settings import Settings
from trading_ml.project import find

group = typer.Typer(help="Components of models.", no_args_is_help=True)
app.add_typer(group, name="component")
Use = Annotated[str, typer.Argument(help="Built-in name, or package.module:function.")]


@group.command("list")
def list_components() -> None:
    """The built-in components, and the families that are graphs of them."""
    from trading_ml.models.component import described
    from trading_ml.models.components import COMPONENTS
    from trading_ml.models.families import FAMILIES

    found = [described(name) for name in COMPONENTS]
    families = [{"name": name, "draws": family.draws} for name, family in FAMILIES.items()]
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
def graph(name: projects.Name) -> None:
    """The graph of a project's model, as a Mermaid flowchart, without building anything."""
    from trading_ml.models.graph import mermaid

    project = find(name, Settings().projects)
    drawn = project.model.graph({name: use.window for name, use in project.features.items()}, project.labels)
    value = {"project": project.name, "mermaid": mermaid(drawn), **drawn.model_dump(mode="json")}
    output.emit(value, mermaid(drawn))
