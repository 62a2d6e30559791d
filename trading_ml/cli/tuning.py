"""`trading-ml project tune`: search for the parameters that a project's model is trained with."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trading_ml.cli import output
from trading_ml.cli.projects import Name, Symbols, group, tables, words
from trading_ml.cli.root import lake
from trading_ml.cli.tables import From, To
from trading_ml.core.errors import TradingError
from trading_ml.core.settings import Settings
from trading_ml.project import Project, find

if TYPE_CHECKING:
    from trading_ml.core.lake import Lake
    from trading_ml.registry.study import Study


@group.command()
def tune(
    name: Name,
    trials: Annotated[int | None, typer.Option(min=1, help="How many there are to be in all.")] = None,
    parallel: Annotated[int | None, typer.Option(min=1, help="How many run at once.")] = None,
    enough: Annotated[bool, typer.Option("--enough", help="No further trials: take the best there is.")] = False,
    symbols: Symbols = None,
    start: From = None,
    end: To = None,
) -> None:
    """Search for parameters on the validation part; Ctrl-C keeps what has ended, the same command goes on."""
    from trading_ml.defs.orders import sought

    project, store = find(name, Settings().projects), lake()
    if enough:
        _search(store, project).close()
        _show(_search(store, project))
    else:
        sought(project)
        asked = {"trials": trials, "parallel": parallel}
        _show(_search(store, project, _tuned(store, project, words(symbols), start, end, asked)))


def _tuned(
    store: Lake, project: Project, symbols: list[str], start: str | None, end: str | None, asked: Mapping[str, Any]
) -> str:
    """Search, and tell the best so far to people who break it off; gives the dataset's digest."""
    try:
        with output.bars():
            active, chosen = tables(store, project, symbols, start, end)
            return active.tuned(project, chosen, start, end, asked)
    except KeyboardInterrupt:
        with suppress(TradingError):  # where there is none yet
            best = _search(store, project).tuned().sentence
            output.say(f"{best}; `trading-ml project tune {project.name} --enough` takes it as it is")
        raise


def _search(store: Lake, project: Project, digest: str | None = None) -> Study:
    from trading_ml.datasets import Dataset
    from trading_ml.defs.orders import study

    return study(store, Dataset.open(store, project.name, digest), project)


def _show(search: Study) -> None:
    found = search.tuned()
    title = f"{found.project}: search {found.search[:12]}, dataset {found.dataset[:12]}"
    output.emit(found.told(), output.table(search.rows(), title), found.sentence)
