"""`trading-ml demo`: the whole path on the embedded simulated exchange, from raw files to a champion."""

from __future__ import annotations

from functools import partial

from trading_ml.cli import output
from trading_ml.cli.ingest import files
from trading_ml.cli.main import app
from trading_ml.cli.projects import run_project
from trading_ml.cli.root import lake
from trading_ml.core.progress import report

PROJECT = "volatility"


@app.command()
def demo() -> None:
    """Simulate an exchange, ingest its files, train and judge the `volatility` project; a second run is at once."""
    from trading_ml.adapters.simulated import MarketParams, write

    store = lake()
    output.say("1/3  the simulated exchange writes raw files")
    with output.bars():
        written = write(store.path("raw", "simulated"), MarketParams(), partial(report, "raw files"))
    output.say("2/3  ingest: raw files → uploads → ticks")
    files([file.path for file in written], adapter="simulated", symbol=None)
    output.say("3/3  project: bars → features, labels → dataset → model → gate → registry")
    run_project(PROJECT)
    output.say("Next: `trading-ml up` opens the asset graph and the model registry in your browser.")
