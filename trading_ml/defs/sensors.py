"""New raw files start everything: one sensor announces them, another requests just the partitions they touched."""

import itertools
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

import dagster as dg

from trading_ml.bars import sources
from trading_ml.core.errors import NoData, TradingError
from trading_ml.core.instruments import key_of
from trading_ml.defs import partitions
from trading_ml.defs.arrivals import Arrivals
from trading_ml.defs.due import Due, ranges
from trading_ml.defs.jobs import Job, keys_of_models, keys_of_tables, span_tags, watching
from trading_ml.defs.resources import LakeResource
from trading_ml.project import Project
from trading_ml.ticks import merge, records, uploads

T = TypeVar("T")
BUDGET_SECONDS = 20.0
"""After so long an evaluation begins nothing more; Dagster gives one 60 s."""
INSTRUMENT_TAG, PROJECT_TAG = "trading_ml/instrument", "trading_ml/project"
ACTIVE = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def raw_files(job: Job) -> dg.SensorDefinition:
    """Watch `raw/<adapter>/`: each new file becomes an upload partition and a run that reads it."""

    @dg.sensor(name="raw_files", job=job, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
    def _raw_files(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
        """Requests a run for each raw file that is not an upload yet; a file that nobody can read is said once."""
        store = lake.open()
        arrivals = Arrivals(store, context.cursor)
        looked_at, found, unreadable = [], [], []
        for arrival in in_time(arrivals.new):
            looked_at.append(arrival)
            try:
                upload = uploads.check(arrival.path, adapter=arrival.path.parent.name)
                if records.announced(store, upload.id) is None:
                    found.append(uploads.record(store, upload).id)
            except TradingError as error:
                unreadable.append(str(error))
                context.log.error(str(error))
        partitions.add(store, context.instance, partitions.UPLOADS, found)
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=upload, partition_key=upload) for upload in found],
            cursor=arrivals.cursor(looked_at),
            skip_reason=None if found else dg.SkipReason("; ".join(unreadable) or "no new raw file"),
        )

    return _raw_files


def touched(job: Job, grid: dg.MultiPartitionsDefinition, projects: Iterable[Project]) -> dg.SensorDefinition:
    """Request ticks, bars, features and labels of the partitions whose ticks are not what the uploads say."""

    @dg.sensor(name="touched", job=job, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
    def _touched(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
        """Requests a run for each contiguous range of touched dates; an instrument with a run under way waits."""
        store, requests, waiting, done = lake.open(), [], [], set()
        due = Due.resumed(store, context.cursor)
        for instrument in in_time(due.instruments):
            tags = {INSTRUMENT_TAG: key_of(instrument)}
            if context.instance.get_runs_count(dg.RunsFilter(tags=tags, statuses=ACTIVE)):
                waiting.append(instrument)
                continue
            done.add(instrument)
            for days, inputs in ranges(merge.stale(store, instrument), store, instrument):
                partitions.add(store, context.instance, partitions.INSTRUMENTS, [key_of(instrument)])
                try:
                    span = span_tags(grid, instrument, days)
                except NoData as error:
                    context.log.error(str(error))
                    continue
                selected = keys_of_tables(watching(instrument, projects))
                requests.append(dg.RunRequest(run_key=inputs, tags=tags | span, asset_selection=selected))
        why = f"under way: {', '.join(waiting)}" if waiting else "ticks are what the uploads say"
        return dg.SensorResult(
            run_requests=requests, cursor=due.less(done), skip_reason=None if requests else dg.SkipReason(why)
        )

    return _touched


def nightly(job: Job, projects: Iterable[Project]) -> dg.ScheduleDefinition:
    """Rebuild, every night, the datasets, models and versions of all projects whose instruments have ticks."""

    @dg.schedule(name="nightly", job=job, cron_schedule="0 2 * * *")
    def _nightly(lake: LakeResource) -> list[dg.RunRequest] | dg.SkipReason:
        """Requests one run per project; where nothing changed, the run finds its version registered and ends."""
        store = lake.open()
        requests = [
            dg.RunRequest(run_key=None, asset_selection=keys_of_models(project), tags={PROJECT_TAG: project.name})
            for project in projects
            if any(map(project.names, sources(store, project.bars).instruments()))
        ]
        return requests or dg.SkipReason("no project's instruments have ticks yet")

    return _nightly


def in_time(work: Iterable[T]) -> Iterator[T]:
    """As many as may be begun in one evaluation; those left over are due at the next."""
    ends = time.monotonic() + BUDGET_SECONDS
    return itertools.takewhile(lambda _: time.monotonic() < ends, work)
