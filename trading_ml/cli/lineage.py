"""`trading-ml lineage`: from a version, a dataset or a sample back to raw files and lines."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from trading_ml.cli import output
from trading_ml.cli.main import app
from trading_ml.cli.root import lake


@app.command()
def lineage(
    what: Annotated[str, typer.Argument(help="NAME, NAME@champion, NAME/3, NAME:DIGEST; each with #SAMPLE, or alone.")],
    bar: Annotated[int, typer.Option(min=0, help="Of a sample: show ticks of the bar so many before its own.")] = 0,
    on: Annotated[str | None, typer.Option(help="Of a sample: go down by the other bars of this script.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Of a sample: read its raw lines out of large files too.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="List every bar, chunk and file.")] = False,
) -> None:
    """Walk from a registered version, a dataset or a sample to bars, ticks, and the raw file and line."""
    from trading_ml.lineage import walk

    told = walk(lake(), what, bar, on, raw)
    output.emit(told, *_trees(told, everything))


def _trees(told: dict[str, Any], everything: bool) -> list[Any]:
    """A tree for each step of the walk."""
    from rich.text import Text
    from rich.tree import Tree

    from trading_ml.lineage.text import sections

    trees = []
    for heading, lines in sections(told, everything):
        trees.append(Tree(Text(heading, "bold")))
        for line in lines:
            trees[-1].add(Text(line))
    return trees
