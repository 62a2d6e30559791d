"""The data root, settings and code location that the commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trading_ml.cli import output
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings

if TYPE_CHECKING:
    from trading_ml.defs.runs import Runs
    from trading_ml.project import Project


def lake() -> Lake:
    """The lake at `--data` (or `TRADING_ML_DATA`), swept of what killed processes left unfinished."""
    store = Lake(Settings().data.resolve())
    store.sweep()
    return store


def runs(store: Lake, extra: Project | None = None) -> Runs:
    """The Dagster jobs, ready to run in this process; `extra` is a project whose file lies elsewhere."""
    from trading_ml.defs.code import Code
    from trading_ml.defs.runs import Runs

    return Runs(store, Code.load(extra), "INFO" if output.style["debug"] else "CRITICAL")
