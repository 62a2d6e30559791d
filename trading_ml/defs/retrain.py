"""Enough that is new starts a project's dataset, model and version by itself; who becomes champion the gate says.

What is new is counted from the dataset of the newest version. A run is asked for once for what was counted, so nothing
is started twice; and what came while one was under way is counted when it is over, so nothing is forgotten.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import dagster as dg
import polars as pl

from trading_ml.core.digest import digest
from trading_ml.core.errors import NoData, TradingError
from trading_ml.core.instruments import instrument, key_of
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.datasets import Dataset
from trading_ml.datasets.events import promotion
from trading_ml.datasets.likeness import Reference
from trading_ml.datasets.stock import Counted, Stock
from trading_ml.defs.jobs import Job, keys_of_models
from trading_ml.defs.resources import LakeResource
from trading_ml.defs.sensors import ACTIVE, INSTRUMENT_TAG, PROJECT_TAG, in_time
from trading_ml.project import Project
from trading_ml.registry.retrain import Drifted, Growth, RetrainParams
from trading_ml.registry.store import Registry

KEY_TAG, WHY_TAG = "trading_ml/retrain", "trading_ml/why"
ATTEMPTS = 2
"""Runs for the same data: one more than the first, should that fail or be killed."""
_DAYS = 5
"""New days, the newest ones, that are looked at for drift."""
_BROKEN = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def retraining(job: Job, projects: Iterable[Project]) -> dg.SensorDefinition:
    """Request dataset, model and version of each project for which enough new data has come."""
    watched = [(project, project.retrain) for project in projects if project.retrain]

    @dg.sensor(name="retraining", job=job, minimum_interval_seconds=15, default_status=dg.DefaultSensorStatus.RUNNING)
    def _retraining(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
        """Counts what tables hold; a project with a run under way, or whose tables are being built, waits."""
        store, requests, said = lake.open(), [], []
        for project, params in in_time(watched):
            try:
                asked, why = _asked(store, context.instance, project, params)
            except TradingError as error:
                context.log.error(str(error))
                asked, why = None, str(error)
            requests += [asked] if asked else []
            said.append(f"{project.name}: {why}")
        return dg.SensorResult(run_requests=requests, skip_reason=None if requests else dg.SkipReason("; ".join(said)))

    return _retraining


def stood(lake: Lake, project: Project) -> dict[str, Stock]:
    """What a project's tables hold now, by instrument."""
    return {name: _counted(lake, project, name).stock() for name in _instruments(lake, project)}


def remember(lake: Lake, project: Project, built: Dataset, held: dict[str, Stock]) -> None:
    """Keep what the tables held when the building of a dataset began, and how its training part is distributed."""
    drift = project.retrain is not None and project.retrain.drift is not None
    told = {name: stock.model_dump() for name, stock in held.items()}
    likeness = Reference.of(built).model_dump() if drift else None
    lake.write_json(_record(lake, project, built.digest), {"stock": told, "likeness": likeness})


def _asked(
    lake: Lake, instance: dg.DagsterInstance, project: Project, params: RetrainParams
) -> tuple[dg.RunRequest | None, str]:
    """What to run for a project, and why; or nothing, and why not."""
    if busy := _busy(lake, instance, project):
        return None, busy
    news = News.of(lake, project)
    reasons = params.due(news.growth)
    if not reasons:
        return None, params.short(news.growth)
    key = f"{project.name} {news.key}"
    runs = instance.get_runs(dg.RunsFilter(tags={KEY_TAG: key}))
    broken = sum(run.status in _BROKEN for run in runs)
    if broken < len(runs):
        return None, f"what there is was run already, and {params.short(news.growth)} have come since the last version"
    if broken >= ATTEMPTS:
        return None, f"its run failed {broken} times; it is tried again when more has come"
    why = "; ".join(reasons)
    tags = {PROJECT_TAG: project.name, KEY_TAG: key, WHY_TAG: why}
    return dg.RunRequest(run_key=f"{key} {broken}", tags=tags, asset_selection=keys_of_models(project)), why


def _busy(lake: Lake, instance: dg.DagsterInstance, project: Project) -> str:
    """What is under way that has to end first; empty where nothing is."""
    own = {"a run of it": {PROJECT_TAG: project.name}}
    tables = {f"the tables of {name}": {INSTRUMENT_TAG: key_of(name)} for name in _instruments(lake, project)}
    under_way = (
        what
        for what, tags in (own | tables).items()
        if instance.get_runs_count(dg.RunsFilter(tags=tags, statuses=ACTIVE))
    )
    return "".join(f"{what}: under way" for what in [next(under_way, "")] if what)


class News(NamedTuple):
    """What has come since the dataset of the newest version."""

    key: str
    """Digest of what was counted, and from where."""
    growth: Growth

    @classmethod
    def of(cls, lake: Lake, project: Project) -> "News":
        """Count it."""
        number, learnt = _newest(lake, project)
        held, base, share = stood(lake, project), {}, 1.0
        if learnt:
            base, share = _base(lake, project, learnt), learnt.manifest["kept"] / learnt.manifest["candidates"]
        new = sum((stock - base.get(name, Stock()) for name, stock in held.items()), Stock())
        growth = Growth(round(new.bars * share), new.days, new.orders, _drifted(lake, project) if new.days else None)
        return cls(digest(number, held)[:16], growth)


def _newest(lake: Lake, project: Project) -> tuple[int, Dataset | None]:
    """Number and dataset of the newest version; 0 and none before the first."""
    try:
        registry = Registry.open(lake, project.name)
    except NoData:
        return 0, None
    found = registry.client.search_model_versions(f"name = '{project.name}'")
    newest = max(found, key=lambda version: int(version.version), default=None)
    return (int(newest.version), Dataset.open(lake, project.name, newest.tags["dataset"])) if newest else (0, None)


def _base(lake: Lake, project: Project, learnt: Dataset) -> dict[str, Stock]:
    """What the tables held when a dataset was built; where nobody wrote that down, what they hold of its days."""
    path = _record(lake, project, learnt.digest)
    if path.is_file():
        return {name: Stock(**told) for name, told in json.loads(path.read_text("utf-8"))["stock"].items()}
    days = learnt.manifest["days"]
    return {name: _counted(lake, project, name).stock(str(days[name]["last"])) for name in days}


def _drifted(lake: Lake, project: Project) -> Drifted | None:
    """The column that is farthest on new days from the training part of the promoted dataset."""
    holds = promotion(lake, project.name) if project.retrain and project.retrain.drift else None
    path = _record(lake, project, holds.digest) if holds else None
    told = json.loads(path.read_text("utf-8"))["likeness"] if path and path.is_file() else None
    if holds is None or told is None:
        return None
    learnt = Dataset.open(lake, project.name, holds.digest)
    found = Reference.model_validate(told).farthest(_new_days(lake, project, learnt))
    return found and Drifted(*found)


def _new_days(lake: Lake, project: Project, learnt: Dataset) -> Iterator[pl.DataFrame]:
    """The features of the newest days after those of a dataset."""
    table = lake.table("features", project.name)
    for name, days in learnt.manifest["days"].items():
        new = [day for day in _counted(lake, project, name).settled() if str(day) > str(days["last"])]
        yield from (table.read(name, day) for day in new[-_DAYS:])


def _instruments(lake: Lake, project: Project) -> list[str]:
    return list(filter(project.names, lake.table("labels", project.name).instruments()))


def _counted(lake: Lake, project: Project, name: str) -> Counted:
    orders = getattr(project.samples, "instrument", None) or name
    return Counted(lake, project.name, instrument(name, Settings().instruments), project.all_bars, orders)


def _record(lake: Lake, project: Project, digest: str) -> Path:
    return lake.path("retrain", project.name, f"{digest[:12]}.json")
