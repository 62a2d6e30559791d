"""`trading-ml model vault`, `model runs` and `training compare`: epochs worth keeping, and trainings side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trading_ml.cli import models, output, training
from trading_ml.cli.root import lake
from trading_ml.core.errors import BadParams

if TYPE_CHECKING:
    from trading_ml.registry.trainings import Training

_RUN = "The id of a run in MLflow, the beginning of one, or a version as NAME/3."
Metric = Annotated[str, typer.Option(help="What the chart shows after each epoch.")]
Watch = Annotated[bool, typer.Option("--watch", help="Show it anew every second until none of them trains any more.")]
Chart = Annotated[Path | None, typer.Option(help="Draw the metric into this file: .png, .svg or .pdf.")]
Head = Annotated[int, typer.Option(min=1, help="Show at most so many, the last ones begun.")]
_EVERY_SECONDS = 1.0
_PICTURES = (".png", ".svg", ".pdf")


@models.group.command()
def vault(
    run: Annotated[str, typer.Argument(help=_RUN)],
    epoch: Annotated[int, typer.Option(min=1, help="Which epoch, from 1.")],
    note: Annotated[str, typer.Option(help="Why this epoch.")] = "",
    by: Annotated[str | None, typer.Option(help="Who wants it; by default the user who runs this.")] = None,
) -> None:
    """Register the model as it was after an epoch, also while its training goes on; no alias moves."""
    from trading_ml.datasets import Dataset
    from trading_ml.registry.trainings import found
    from trading_ml.registry.vault import vault

    store = lake()
    training = found(store, run)
    version = vault(store, training, Dataset.open(store, training.project, training.dataset), epoch, note, by)
    tags = {name: version.tags[name] for name in ("run", "note", "by", "weights")}
    value = {"model": training.project, "version": int(version.version), "epoch": epoch, **tags}
    where = f"epoch {epoch} of run {training.run[:8]}"
    output.emit(value, f"{training.project} version {version.version} is {where}: in the vault, by {tags['by']}")


@models.group.command("runs")
def of_project(
    name: models.Name, metric: Metric = "val_loss", watch: Watch = False, chart: Chart = None, head: Head = 10
) -> None:
    """A project's trainings side by side: how far each is, its metrics, and which parameters tell them apart."""
    from trading_ml.registry.trainings import trainings

    store = lake()
    _show(lambda: trainings(store, name, head), metric, watch, chart)


@training.group.command("compare")
def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help=_RUN)],
    metric: Metric = "val_loss",
    watch: Watch = False,
    chart: Chart = None,
) -> None:
    """Some trainings side by side, of whichever projects."""
    from trading_ml.registry.trainings import found

    store = lake()
    _show(lambda: [found(store, run) for run in runs], metric, watch, chart)


def _show(look: Callable[[], list[Training]], metric: str, watch: bool, chart: Path | None) -> None:
    """Table, and chart where one is asked for; once, or again and again while anything trains."""
    from trading_ml.registry import trainings

    if chart and chart.suffix not in _PICTURES:
        raise BadParams(f"--chart {chart}", "is no picture that can be drawn", f"end it in {', '.join(_PICTURES)}")
    several = look()
    known = {name for each in several for name in each.history}
    if known and metric not in known:
        raise BadParams(f"--metric {metric}", "is not measured after each epoch", f"known: {', '.join(sorted(known))}")
    if watch:
        several = _watched(several, look, metric)
    if chart:
        trainings.chart(several, metric).savefig(chart, dpi=120)
    told = {"trainings": [trainings.told(each) for each in several], "differing": trainings.differing(several)}
    output.emit(told, output.table(trainings.rows(several, metric)), *([f"chart: {chart}"] if chart else []))


def _watched(several: list[Training], look: Callable[[], list[Training]], metric: str) -> list[Training]:
    """Look anew while any of them trains; in a terminal, show what there is."""
    from rich.console import Console
    from rich.live import Live

    from trading_ml.registry.trainings import rows

    console = Console(stderr=True)
    with Live(console=console, auto_refresh=False, transient=True) as shown:
        while any(each.live for each in several):
            if console.is_terminal:
                shown.update(output.table(rows(several, metric)), refresh=True)
            time.sleep(_EVERY_SECONDS)
            several = look()
    return several
