"""Trainings side by side, those under way too: how far each is, what it shows, and which parameters tell them apart."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from trading_ml.core.errors import NoData, Unknown
from trading_ml.core.lake import Lake
from trading_ml.models.source import PARTS
from trading_ml.models.standing import Standing, standings
from trading_ml.registry.store import MODEL_KEY, TRAINING, TRIAL, Registry, connect

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

VAULT = "vault"
"""Tag of what was put into the vault."""
WATCHED = "val_loss"
_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 30  # epochs that a line of blocks shows; more are averaged


@dataclass(frozen=True)
class Training:
    """A training: its run in MLflow, and where it stands."""

    project: str
    run: str
    """Id of its run in MLflow."""
    name: str
    """What MLflow calls the run."""
    key: str
    """The model key."""
    dataset: str
    """Digest of the dataset."""
    state: str
    """`training`, `paused …`, or how it ended."""
    live: bool
    epochs: int
    """At most."""
    seconds: float
    """Since it began, or until it ended."""
    params: Mapping[str, str]
    history: Mapping[str, Sequence[float]]
    """Metrics after each epoch, by name."""
    version: int | None = None
    """Of the model that it came to."""

    @property
    def epoch(self) -> int:
        """Whole epochs so far."""
        return max(map(len, self.history.values()), default=0)

    @property
    def best_epoch(self) -> int | None:
        """The epoch, from 1, after which the validation loss was least; None before the first."""
        losses = self.history.get(WATCHED) or self.history.get("loss") or ()
        return min(range(len(losses)), key=losses.__getitem__) + 1 if losses else None


def trainings(lake: Lake, project: str, most: int = 20) -> list[Training]:
    """The last trainings of a project, the newest first, without trials of searches and epochs in the vault.

    Raises:
        Unknown: when the project has no trainings, suggesting one that has.
    """
    experiments = {found.name: found.experiment_id for found in _client(lake).search_experiments()}
    if project not in experiments:
        raise Unknown.of("project with a training", project, experiments.keys() - {"Default"})
    registry = Registry.open(lake, project)
    runs = registry.client.search_runs([registry.experiment], order_by=["attributes.start_time DESC"])
    chosen = [run for run in runs if MODEL_KEY in run.data.tags and not {VAULT, TRIAL} & run.data.tags.keys()][:most]
    live = {standing.run: standing for standing in standings(lake, project)}
    return [_training(registry, run, live.get(run.info.run_id)) for run in chosen]


def found(lake: Lake, word: str) -> Training:
    """A training by the id of its run in MLflow, or the beginning of one, or by the version it came to, as `NAME/3`.

    Raises:
        Unknown: when there is none, or several begin so.
    """
    client = _client(lake)
    project, slash, number = word.rpartition("/")
    if slash:
        registry = Registry.open(lake, project)
        versions = registry.client.search_model_versions(f"name = '{project}'")
        ids = [str(each.run_id) for each in versions if str(each.version) == number]
        known = [f"{project}/{each.version}" for each in versions]
    else:
        experiments = [each.experiment_id for each in client.search_experiments()]
        known = [run.info.run_id for run in client.search_runs(experiments) if MODEL_KEY in run.data.tags]
        ids = [run for run in known if run.startswith(word)]
    if len(ids) != 1:
        if ids:
            raise Unknown(word, f"begins the ids of {len(ids)} runs", "give more digits of it")
        raise Unknown.of("training", word, [each if slash else each[:8] for each in known])
    run = client.get_run(ids[0])
    registry = Registry.open(lake, client.get_experiment(run.info.experiment_id).name)
    live = {standing.run: standing for standing in standings(lake, registry.project)}
    return _training(registry, run, live.get(run.info.run_id))


def differing(several: Sequence[Training]) -> list[str]:
    """Names of the parameters in which trainings differ."""
    names = dict.fromkeys(name for each in several for name in each.params)
    return [name for name in names if len({each.params.get(name) for each in several}) > 1]


def rows(several: Sequence[Training], metric: str = WATCHED) -> list[dict[str, Any]]:
    """A line of a table for each training; the last column draws `metric` after each epoch, all on one scale."""
    apart = differing(several)
    values = [value for each in several for value in each.history.get(metric, ())]
    return [
        {
            "run": each.run[:8],
            "version": each.version or "",
            "state": each.state,
            "epoch": f"{each.epoch} of {each.epochs}",
            **{name: points[-1] for name, points in each.history.items() if points},
            "best epoch": each.best_epoch or "",
            "seconds": round(each.seconds, 1),
            "what differs": ", ".join(f"{name.partition('.')[2]} {each.params.get(name, '-')}" for name in apart),
            metric + " after each epoch": blocks(each.history.get(metric, ()), values),
        }
        for each in several
    ]


def told(training: Training) -> dict[str, Any]:
    """All about a training, ready for JSON."""
    return vars(training) | {"epoch": training.epoch, "best_epoch": training.best_epoch}


def blocks(points: Sequence[float], scale: Sequence[float], width: int = _WIDTH) -> str:
    """Points as a line of blocks, from the least to the greatest of `scale`; more than `width` are averaged.

    Example:
        >>> blocks([1.0, 4.5, 8.0], [1.0, 8.0])
        '▁▄█'
    """
    low, span = min(scale, default=0.0), (max(scale, default=0.0) - min(scale, default=0.0)) or 1.0
    count = min(len(points), width)
    cuts = [len(points) * place // max(count, 1) for place in range(count + 1)]
    means = [sum(points[start:end]) / (end - start) for start, end in pairwise(cuts)]
    return "".join(_BLOCKS[int((mean - low) / span * (len(_BLOCKS) - 1))] for mean in means)


def chart(several: Sequence[Training], metric: str = WATCHED) -> Any:
    """A figure of `metric` after each epoch, with a line for each training."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    apart = differing(several)
    for each in several:
        points = each.history.get(metric, ())
        told = ", ".join(f"{name.partition('.')[2]} {each.params.get(name, '-')}" for name in apart)
        axes.plot(range(1, len(points) + 1), points, marker=".", label=f"{each.run[:8]} {told}".strip())
    axes.set_xlabel("epoch")
    axes.set_ylabel(metric)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=8)
    return figure


def _client(lake: Lake) -> MlflowClient:
    if not lake.path("mlflow", "mlflow.db").exists():
        raise NoData("trainings", "there are none yet", "run `trading-ml project run NAME`")
    return connect(lake)


def _training(registry: Registry, run: MlflowRun, standing: Standing | None) -> Training:
    client, tags, info = registry.client, run.data.tags, run.info
    names = sorted(name for name in run.data.metrics if name.partition("_")[0] not in PARTS)
    logged = {name: client.get_metric_history(info.run_id, name) for name in names}
    versions = client.search_model_versions(f"run_id = '{info.run_id}'")
    live = standing is not None and standing.live and info.status == "RUNNING"
    said = standing.sentence.partition(",")[0] if live and standing else _ended(info.status, tags)
    return Training(
        project=registry.project, run=info.run_id, name=str(info.run_name), key=tags[MODEL_KEY],
        dataset=tags["dataset"], state=said, live=live, epochs=int(run.data.params.get("training.epochs", 0)),
        seconds=(info.end_time or time.time() * 1000) / 1000 - info.start_time / 1000, params=run.data.params,
        history={name: [m.value for m in sorted(all_, key=lambda m: m.step)] for name, all_ in logged.items()},
        version=max((int(each.version) for each in versions), default=None),
    )  # fmt: skip


def _ended(status: str, tags: Mapping[str, str]) -> str:
    """How a run that nobody trains ended; one that is still said to run has died without a word."""
    return "died" if status == "RUNNING" else tags.get(TRAINING, status.lower()).partition(",")[0]
