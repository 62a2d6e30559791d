"""New raw files start everything: one sensor announces them, another requests just the partitions they touched."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import dagster as dg

from trading_ml.adapters.csv import SUFFIX
from trading_ml.bars import sources
from trading_ml.core.digest import digest
from trading_ml.core.errors import NoData, TradingError
from trading_ml.core.instruments import key_of
from trading_ml.core.lake import Lake
from trading_ml.defs import partitions
from trading_ml.defs.jobs import Job, keys_of_models, keys_of_tables, span_tags, watching
from trading_ml.defs.resources import LakeResource
from trading_ml.project import Project
from trading_ml.ticks import merge, records, uploads

SETTLED_SECONDS = 2.0
"""A file that changed more recently may still be being written."""
INSTRUMENT_TAG, PROJECT_TAG = "trading_ml/instrument", "trading_ml/project"
_ACTIVE = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def raw_files(job: Job) -> dg.SensorDefinition:
    """Watch `raw/<adapter>/`: each new file becomes an upload partition and a run that reads it."""

    @dg.sensor(name="raw_files", job=job, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
    def _raw_files(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult | dg.SkipReason:
        """Requests a run for each raw file that is not an upload yet; a file that nobody can read is said once."""
        seen, store = set(filter(None, (context.cursor or "").split("\n"))), lake.open()
        new, found, unreadable = [], [], []
        for path, mark in settled(store):
            if mark in seen:
                continue
            new.append(mark)
            try:
                upload = uploads.check(path, adapter=path.parent.name)
                if records.announced(store, upload.id) is None:
                    found.append(uploads.record(store, upload).id)
            except TradingError as error:
                unreadable.append(str(error))
                context.log.error(str(error))
        if not new:
            return dg.SkipReason("no new raw file")
        context.instance.add_dynamic_partitions(partitions.UPLOADS, found)
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=upload, partition_key=upload) for upload in found],
            cursor="\n".join(sorted(seen.union(new))),
            skip_reason=None if found else dg.SkipReason("; ".join(unreadable)),
        )

    return _raw_files


def touched(job: Job, grid: dg.MultiPartitionsDefinition, projects: Iterable[Project]) -> dg.SensorDefinition:
    """Request ticks, bars, features and labels of the partitions whose ticks are not what the uploads say."""

    @dg.sensor(name="touched", job=job, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
    def _touched(context: dg.SensorEvaluationContext, lake: LakeResource) -> list[dg.RunRequest] | dg.SkipReason:
        """Requests a run for each contiguous range of touched dates; an instrument with a run under way waits."""
        store, requests, waiting = lake.open(), [], []
        for instrument, cells in _by_instrument(merge.stale(store)).items():
            tags = {INSTRUMENT_TAG: key_of(instrument)}
            if context.instance.get_runs_count(dg.RunsFilter(tags=tags, statuses=_ACTIVE)):
                waiting.append(instrument)
                continue
            context.instance.add_dynamic_partitions(partitions.INSTRUMENTS, [key_of(instrument)])
            for days in _ranges({cell.date for cell in cells}, store, instrument):
                try:
                    span = span_tags(grid, instrument, days)
                except NoData as error:
                    context.log.error(str(error))
                    continue
                wanted = sorted((cell, inputs) for cell, inputs in cells.items() if cell.date in days)
                selected = keys_of_tables(watching(instrument, projects))
                requests.append(dg.RunRequest(run_key=digest(wanted), tags=tags | span, asset_selection=selected))
        if requests:
            return requests
        return dg.SkipReason(f"under way: {', '.join(waiting)}" if waiting else "ticks are what the uploads say")

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


def settled(lake: Lake) -> Iterator[tuple[Path, str]]:
    """Raw files that are complete, as far as can be told, each with a mark that changes with its content.

    Mappings among them are no raw files: they say how those beside them are read.
    """
    now = time.time()
    for path in sorted(lake.path("raw").glob("*/*")):
        known, hidden = path.stat(), path.name.startswith(".") or path.name.endswith(SUFFIX)
        if path.is_file() and not hidden and now - known.st_mtime >= SETTLED_SECONDS:
            yield path, f"{path.relative_to(lake.root)} {known.st_size} {known.st_mtime_ns}"


def _by_instrument(stale: dict[merge.Cell, str]) -> dict[str, dict[merge.Cell, str]]:
    grouped: dict[str, dict[merge.Cell, str]] = defaultdict(dict)
    for cell, wanted in stale.items():
        grouped[cell.instrument][cell] = wanted
    return grouped


def _ranges(days: set[date], lake: Lake, instrument: str) -> list[list[date]]:
    """The days, split where a day that has ticks and needs nothing lies between two of them."""
    known = {day for kind in merge.kinds(lake) for day in lake.table("ticks", kind).dates(instrument)}
    ranges: list[list[date]] = [[]]
    for day in sorted(days | known):
        if day in days:
            ranges[-1].append(day)
        elif ranges[-1]:
            ranges.append([])
    return [found for found in ranges if found]
