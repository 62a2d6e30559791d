"""`trading-ml model`: look at a project's versions, compare them, and decide which one is champion."""

from __future__ import annotations

from typing import Annotated

import typer

from trading_ml.cli import output
from trading_ml.cli.main import app
from trading_ml.cli.root import lake

group = typer.Typer(help="Registered versions of a project's model.", no_args_is_help=True)
app.add_typer(group, name="model")
Name = Annotated[str, typer.Argument(help="Name of a project.")]
Version = Annotated[str, typer.Argument(help="Number of a version, or the alias it holds: champion or candidate.")]


@group.command("history")
def trail(name: Name) -> None:
    """Who moved which alias, or retired which version, when and why, from the first to the last."""
    from trading_ml.registry.aliases import history
    from trading_ml.registry.versions import registry_of

    found = history(registry_of(lake(), name))
    rows = [change.row for change in found]
    value = {"project": name, "changes": [change.model_dump(mode="json", by_alias=True) for change in found]}
    output.emit(value, output.table(rows) if rows else f"{name}: no alias was ever moved")
