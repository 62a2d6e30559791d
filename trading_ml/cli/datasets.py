"""`trading-ml dataset`: look at a project's datasets, and decide which one training reads."""

from __future__ import annotations

from typing import Annotated

import typer

from trading_ml.cli import output
from trading_ml.cli.main import app
from trading_ml.cli.root import lake

group = typer.Typer(help="Datasets of a project.", no_args_is_help=True)
app.add_typer(group, name="dataset")
Name = Annotated[str, typer.Argument(help="Name of a project.")]
Digest = typer.Argument(help="Digest of a dataset, or its first 12 digits.")


@group.command()
def show(name: Name, digest: Annotated[str | None, Digest] = None) -> None:
    """Counts, rejections, purge, label balance and columns of a dataset; of the promoted one by default."""
    from rich.markdown import Markdown

    from trading_ml.datasets import Dataset, describe

    found = Dataset.open(lake(), name, digest)
    output.emit(found.manifest, Markdown(describe(found)))


@group.command()
def promote(name: Name, digest: Annotated[str, Digest]) -> None:
    """Let training read this dataset from now on."""
    from trading_ml.datasets import promote, promoted

    store = lake()
    promote(store, name, digest)
    value = {"project": name, "promoted": promoted(store, name)}
    output.emit(value, f"{name} trains on dataset {value['promoted'][:12]}")
