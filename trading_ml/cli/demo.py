"""`trading-ml demo`: the main job on an embedded simulated market, from raw files to a judged version."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from trading_ml.cli import output
from trading_ml.cli.ingest import files
from trading_ml.cli.main import app
from trading_ml.cli.projects import run_project
from trading_ml.cli.root import lake
from trading_ml.cli.simulate import bot
from trading_ml.core.progress import report


@app.command()
def demo(
    project: Annotated[
        Literal["volatility", "multi_target", "order_profit", "order_profit_linear"],
        typer.Argument(help="Which of the projects that need no file of yours."),
    ] = "volatility",
) -> None:
    """Simulate a market, ingest its files, train and judge a project on them; a second run is at once."""
    output.say("1/3  the simulated market writes raw files")
    with output.bars():
        written = _orders() if project.startswith("order_profit") else _exchange()
    output.say("2/3  ingest: raw files → uploads → ticks")
    for adapter in dict.fromkeys(adapter for _, adapter in written):
        files([path for path, its in written if its == adapter], adapter, symbol=None)
    output.say("3/3  project: bars → features, labels → dataset → model → gate → registry")
    run_project(project)
    output.say("Next: `trading-ml up` opens the asset graph and the model registry in your browser.")


def _orders() -> list[tuple[Path, str]]:
    return [(file.path, file.adapter) for file in bot()]


def _exchange() -> list[tuple[Path, str]]:
    from trading_ml.adapters.simulated import MarketParams, write

    written = write(lake().path("raw", "simulated"), MarketParams(), partial(report, "raw files"))
    return [(file.path, "simulated") for file in written]
