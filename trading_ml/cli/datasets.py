"""`trading-ml dataset`: look at a project's datasets, compare them, and decide which one training reads."""

from __future__ import annotations

from typing import Annotated

import typer

from trading_ml.cli import output, projects
from trading_ml.cli.main import app
from trading_ml.cli.root import lake
from trading_ml.cli.tables import From, To
from trading_ml.core.settings import Settings
from trading_ml.project import find

group = typer.Typer(help="Datasets of a project.", no_args_is_help=True)
app.add_typer(group, name="dataset")
Name = Annotated[str, typer.Argument(help="Name of a project.")]
Digest = typer.Argument(help="Digest of a dataset, or its first 12 digits.")


@group.command()
def build(name: projects.Name, symbols: projects.Symbols = None, start: From = None, end: To = None) -> None:
    """Bars, features, labels and dataset of a project, and its audit: only what is not there yet is made."""
    from trading_ml.datasets import Dataset
    from trading_ml.datasets import queue as waiting

    project, store = find(name, Settings().projects), lake()
    with output.bars():
        active, chosen = projects.tables(store, project, projects.words(symbols), start, end)
        made = Dataset.open(store, project.name, active.dataset(project, chosen, start, end))
    told = next(entry.state for entry in waiting(store, project.name) if entry.digest == made.digest)
    value = {"project": project.name, "dataset": made.digest, "state": told, "samples": made.manifest["kept"]}
    output.emit(value, f"{project.name}: dataset {made.digest[:12]} of {made.manifest['kept']:,} samples is {told}")


@group.command()
def show(name: Name, digest: Annotated[str | None, Digest] = None) -> None:
    """Counts, rejections, purge, label balance and columns of a dataset; of the promoted one by default."""
    from rich.markdown import Markdown

    from trading_ml.datasets import Dataset, describe

    found = Dataset.open(lake(), name, digest)
    output.emit(found.manifest, Markdown(describe(found)))


@group.command()
def queue(
    name: Name,
    head: Annotated[int, typer.Option(min=1, help="Show at most so many, the last ones built.")] = 20,
) -> None:
    """The datasets of a project, the last one built first: which is promoted, by whom and why, and which wait."""
    from trading_ml.datasets import queue

    found = queue(lake(), name)
    value = {"project": name, "count": len(found), "datasets": [each.model_dump(mode="json") for each in found[:head]]}
    count = f"{len(found):,} datasets of {name}" if len(found) > head else ""
    output.emit(value, output.table([each.row for each in found[:head]]), *filter(None, [count]))


@group.command()
def promote(
    name: Name,
    digest: Annotated[str | None, Digest] = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    by: Annotated[str | None, typer.Option(help="Who promotes; by default the user who runs this.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Although the audit says no; demands --reason.")] = False,
) -> None:
    """Let training read this dataset from now on; by default the one that was built last."""
    from trading_ml.datasets import promote

    done = promote(lake(), name, digest, reason, by, force)
    value = {"project": name, "promoted": done.digest, "at": done.at, "by": done.by, "why": done.why, **done.facts}
    output.emit(
        value, f"{name} trains on dataset {done.digest[:12]}, promoted by {done.by} at {done.at:%Y-%m-%d %H:%M}"
    )


@group.command()
def diff(
    words: Annotated[
        list[str], typer.Argument(metavar="NAME [A [B]]", help="A project and two of its datasets, or A and B alone.")
    ],
) -> None:
    """What is different between two datasets; by default between the promoted one and the one built last."""
    from trading_ml.core.errors import BadParams
    from trading_ml.datasets.difference import difference, grouped, pair

    if len(words) > 3:
        raise BadParams("dataset diff", f"compares two datasets, not {len(words) - 1}", "give NAME A B")
    one, two = pair(lake(), words)
    changes = difference(one, two)
    value = {"project": one.project, "before": one.digest, "after": two.digest, "changes": grouped(changes)}
    head = f"{one.project}: {one.folder.name} → {two.folder.name}"
    same = f"{head}: nothing is different"
    output.emit(value, output.table([each.row for each in changes], head) if changes else same)
