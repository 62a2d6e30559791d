"""Build a dataset: series, samples, split, purge, verification, manifest; all of it appears in one rename."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import date
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import polars as pl

from trading_ml.core import progress
from trading_ml.core.errors import NoData
from trading_ml.core.instruments import Instrument, instrument
from trading_ml.core.lake import Lake, publish
from trading_ml.core.origin import libraries
from trading_ml.core.settings import Settings
from trading_ml.datasets.collect import Share, collect, orders
from trading_ml.datasets.dataset import Dataset
from trading_ml.datasets.events import events, record
from trading_ml.datasets.folds import assign
from trading_ml.datasets.layout import Layout, days
from trading_ml.datasets.manifest import manifest
from trading_ml.datasets.params import DatasetParams
from trading_ml.datasets.queue import facts
from trading_ml.datasets.reasons import Before, reasons, summary
from trading_ml.datasets.samples import REASONS
from trading_ml.datasets.series import Store
from trading_ml.datasets.sources import sources


class Build(NamedTuple):
    """A dataset that was asked for and is there.

    Attributes:
        dataset: The dataset.
        told: How many of its chunks were built and reused, and why, in a line.
    """

    dataset: Dataset
    told: str


def build(
    lake: Lake, params: DatasetParams, start: str | None = None, end: str | None = None, workers: int | None = None
) -> Dataset:
    """The dataset of `params` over the days from `start` (inclusive) to `end` (exclusive).

    The same tables and parameters give the same digest and bytes, at any number of workers and on any day; what is
    there already is not built again. The dataset waits in the queue for its promotion.

    Raises:
        NoData: when features, labels, or the samples of a part are missing.
        Refused: when a script has no passing proof, a label ends with its sample, or parts overlap after the purge.
        AccountingError: when bars are neither samples nor rejected for a reason.
    """
    return assemble(lake, params, start, end, workers).dataset


def assemble(
    lake: Lake, params: DatasetParams, start: str | None = None, end: str | None = None, workers: int | None = None
) -> Build:
    """`build`, telling what was built and why."""
    names = [instrument(name, Settings().instruments) for name in params.instruments]
    with lake.lock("datasets", params.project), ThreadPoolExecutor(workers or Settings().workers) as pool:
        scripts = sources(lake, params)
        spans = [days(lake, params, name, start, end) for name in names]
        layout, store = Layout.of(params), Store(lake, params.project)
        before = _before(store)
        shares = _shares(store, params, layout, names, spans, pool)
        samples = _samples(shares, params.project)
        content = _publish(store, params, layout, scripts, shares, samples)
        made = [made for share in shares for made in share.made]
        told = summary(made, reasons(made, before, content))
        progress.report(f"dataset {content['digest'][:12]} of {params.project}, {told}", 1, 1)
        _queue(lake, content, told)
    return Build(Dataset.open(lake, params.project, content["digest"]), told)


def _before(store: Store) -> Before | None:
    """The dataset that was built last; None where none was, or somebody took it away."""
    built = [event.digest for event in events(store.lake, store.project) if event.event == "built"]
    paths = [store.lake.path("datasets", store.project, digest[:12], "manifest.json") for digest in built[-1:]]
    return next((Before(store, json.loads(path.read_text("utf-8"))) for path in paths if path.is_file()), None)


def _queue(lake: Lake, content: Mapping[str, Any], told: str) -> None:
    """Record a build of which there is no record: the first of this digest, or one killed before it could be told."""
    project, digest = content["project"], content["digest"]
    if not any(event.event == "built" and event.digest == digest for event in events(lake, project)):
        record(lake, project, "built", digest, told, libraries=libraries(), **facts(content))


def _shares(
    store: Store,
    params: DatasetParams,
    layout: Layout,
    names: Sequence[Instrument],
    spans: Sequence[Sequence[date]],
    pool: Executor,
) -> list[Share]:
    """Chunks of all instruments, then the samples of each."""
    wanted = list(map(partial(orders, store, params, layout), names, spans))
    made = iter(store.make([order for own in wanted for order in own], pool))
    chunks = [list(islice(made, len(own))) for own in wanted]
    found = pool.map(partial(collect, store, params, layout), names, spans, chunks)
    return list(progress.track(f"samples of {params.project}", found, len(names)))


def _samples(shares: Sequence[Share], project: str) -> pl.DataFrame:
    """All samples, by instrument and bar; the texts of a label become the categories that occur."""
    samples = pl.concat(share.samples for share in shares)
    if samples.is_empty():
        told = {reason: sum(share.account[reason] for share in shares) for reason in REASONS}
        why = ", ".join(f"{reason} {count:,}" for reason, count in told.items() if count)
        problem = f"no bar makes a sample ({why or 'there are no bars'})"
        raise NoData(project, problem, "give more days or shorter windows")
    texts = [name for name, kind in samples.schema.items() if kind == pl.String]
    return samples.with_columns(pl.col(name).cast(pl.Enum(samples[name].unique().sort())) for name in texts)


def _publish(
    store: Store,
    params: DatasetParams,
    layout: Layout,
    scripts: Mapping[str, Any],
    shares: Sequence[Share],
    samples: pl.DataFrame,
) -> dict[str, Any]:
    """Split, purge, write the files and let them appear under the digest; returns the manifest."""
    lake = store.lake
    folds, verdicts = assign(samples, params.split, params.project, layout.longest)
    with lake.staging() as staged:
        folder = staged / "dataset"
        files = {"samples.parquet": samples.drop("date"), "folds.parquet": folds}
        digests = [lake.write_parquet(folder / name, frame).digest for name, frame in files.items()]
        content = manifest(params, layout, scripts, shares, verdicts, samples.schema, digests)
        final = lake.path("datasets", params.project, content["digest"][:12])
        if not final.exists():
            lake.write_json(folder / "manifest.json", content)
            publish(folder, final)
    return content
