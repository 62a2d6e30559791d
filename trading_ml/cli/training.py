"""`trading-ml training`: where trainings stand, and pause, resume and stop for those that another process runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trading_ml.cli import output
from trading_ml.cli.main import app
from trading_ml.cli.projects import show
from trading_ml.cli.root import lake, runs
from trading_ml.core.errors import NoData, Refused
from trading_ml.core.settings import Settings
from trading_ml.project import find

if TYPE_CHECKING:
    from trading_ml.core.lake import Lake
    from trading_ml.models.standing import Standing, Wish

group = typer.Typer(help="Trainings under way, and those that were broken off.", no_args_is_help=True)
app.add_typer(group, name="training")
Name = Annotated[str, typer.Argument(help="Name of a project, or the beginning of a run's id in MLflow.")]
By = Annotated[str | None, typer.Option(help="Who asks; by default the user who runs this.")]
_ANSWER_SECONDS = 10.0
_DIGITS = 4  # of a run's id, at least


@group.command()
def status(name: Annotated[str | None, typer.Argument(help="Name of a project; all if left out.")] = None) -> None:
    """Trainings under way, and those that were stopped or broken off and can go on."""
    from trading_ml.models.standing import standings

    store = lake()
    found = _found(store, name) if name else standings(store)
    nothing = f"nothing is training{f' for {name}' if name else ''}, and nothing waits to go on"
    output.emit(_value(found), output.table(list(map(_row, found))) if found else nothing)


@group.command()
def pause(name: Name, by: By = None) -> None:
    """Let trainings wait, without using the processor, until they are resumed or stopped."""
    store = lake()
    live = _live(store, name)
    if all(each.state == "paused" for each in live):
        raise Refused(f"training of {live[0].project}", f"is {live[0].sentence}, already", f"`{live[0].resume}`")
    _ask(store, [each for each in live if each.state != "paused"], "pause", by)


@group.command()
def stop(name: Name, by: By = None) -> None:
    """End trainings; whole epochs are kept, and `training resume` goes on after them."""
    store = lake()
    _ask(store, _live(store, name), "stop", by)


@group.command()
def resume(name: Name) -> None:
    """Let paused trainings go on; without one, go on with the training that was stopped or killed, and judge it."""
    from trading_ml.models.standing import let_go_on

    store = lake()
    found = _found(store, name)
    paused = [each for each in found if each.state == "paused"]
    for each in paused:
        let_go_on(store, each)
    if paused:
        _await(store, paused, lambda told: told.state != "paused")
    elif live := [each for each in found if each.live]:
        raise Refused(f"training of {live[0].project}", f"is not paused: {live[0].sentence}")
    elif found:
        _go_on(store, found)
    else:
        fix = f"`trading-ml project run {name}` trains it"
        raise NoData(f"training of {name}", "none is paused, stopped or broken off", fix)


def _go_on(store: Lake, broken: list[Standing]) -> None:
    """Make the assets that were broken off, where they would still come to the same model."""
    from trading_ml.datasets import Dataset
    from trading_ml.defs.orders import order
    from trading_ml.registry.beside import completed

    project = find(broken[0].project, Settings().projects)
    key = completed(store, order(project)).key(Dataset.open(store, project.name))
    if not project.tuning and key not in [each.key for each in broken]:
        problem = f"was begun on what has changed since, dataset, project file or sources: {broken[0].sentence}"
        fix = f"`trading-ml project run {project.name}` trains what they are now"
        raise Refused(f"training of {project.name}", problem, fix)
    with output.bars():
        version = runs(store, project).trained(project)
    show(store, project, version)


def _ask(store: Lake, live: list[Standing], what: Wish, by: str | None) -> None:
    from trading_ml.models.standing import ask

    for each in live:
        ask(store, each, what, by)
    _await(store, live, lambda told: not told.live or (what == "pause" and told.state == "paused"))


def _await(store: Lake, asked: list[Standing], done: Callable[[Standing], bool]) -> None:
    """Wait until trainings have done what was asked, for which they look between batches; tell where they stand."""
    from trading_ml.models.standing import standings

    deadline, keys = time.monotonic() + _ANSWER_SECONDS, {each.key for each in asked}
    while not all(map(done, found := [each for each in standings(store) if each.key in keys])):
        if time.monotonic() > deadline:
            output.say("asked, not done yet: a training looks between two batches, not while it starts or validates")
            break
        time.sleep(0.1)
    through = [each for each in asked if each.key not in {told.key for told in found}]
    lines = [f"{each.project}, run {each.run[:8]}: {each.sentence}" for each in found]
    output.emit(_value(found), *lines, *(f"{each.project}, run {each.run[:8]}: has come through" for each in through))


def _live(store: Lake, name: str) -> list[Standing]:
    live = [each for each in _found(store, name) if each.live]
    if not live:
        raise NoData(f"training of {name}", "none is under way", "`trading-ml training status` tells what is")
    return live


def _found(store: Lake, name: str) -> list[Standing]:
    """Trainings of a project, or the one whose run's id begins so.

    Raises:
        Unknown: when there is no such project.
    """
    from trading_ml.models.standing import standings

    every = standings(store)
    if by_run := [each for each in every if len(name) >= _DIGITS and each.run.startswith(name)]:
        return by_run
    known = name if name in {each.project for each in every} else find(name, Settings().projects).name
    return [each for each in every if each.project == known]


def _row(told: Standing) -> dict[str, Any]:
    metrics = {name: told.metrics[name] for name in sorted(told.metrics)}
    state = f"{told.state} {told.why}".strip()
    return {"project": told.project, "run": told.run[:8], "state": state, "where": told.where, "metrics": metrics}


def _value(found: list[Standing]) -> dict[str, Any]:
    return {"trainings": [{**each.model_dump(mode="json"), "live": each.live} for each in found]}
